/**
 * Every way to cut a ranking in two: what is set, and rightly so, when all that scores at least as high as some score is.
 * Equal scores are one cut, so their order does not matter.
 */
export interface Cuts {
  /** The distinct scores of labelled elements, from the highest down, `[cuts]`. */
  readonly scores: Float32Array;
  /** Positives at or above each score, `[cuts]`. */
  readonly truePositives: Uint32Array;
  /** Negatives at or above each score, `[cuts]`. */
  readonly falsePositives: Uint32Array;
  /** Positives in all. */
  readonly positives: number;
  /** Negatives in all. */
  readonly negatives: number;
}

/**
 * The {@link Cuts} of some elements.
 *
 * @param scores logits or probabilities, all finite
 * @param truth as many: 0 or 1; NaN is left out
 */
export function cutsOf(scores: Float32Array, truth: Float32Array): Cuts {
  // Typed arrays sort their numbers natively, many times faster than indices through a comparison.
  const ones = valuesWhere(scores, truth, 1).sort();
  const zeros = valuesWhere(scores, truth, 0).sort();
  const labelled = ones.length + zeros.length;
  const cuts = new Float32Array(labelled);
  const truePositives = new Uint32Array(labelled);
  const falsePositives = new Uint32Array(labelled);
  let count = 0;
  for (let one = ones.length, zero = zeros.length; one + zero > 0; count++) {
    const score =
      zero === 0 || (one > 0 && ones[one - 1]! > zeros[zero - 1]!) ? ones[one - 1]! : zeros[zero - 1]!;
    while (one > 0 && ones[one - 1] === score) one--;
    while (zero > 0 && zeros[zero - 1] === score) zero--;
    cuts[count] = score;
    truePositives[count] = ones.length - one;
    falsePositives[count] = zeros.length - zero;
  }
  return {
    scores: cuts.subarray(0, count),
    truePositives: truePositives.subarray(0, count),
    falsePositives: falsePositives.subarray(0, count),
    positives: ones.length,
    negatives: zeros.length,
  };
}

function valuesWhere(values: Float32Array, truth: Float32Array, wanted: 0 | 1): Float32Array {
  const found = new Float32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (truth[i] === wanted) found[count++] = values[i]!;
  return found.subarray(0, count);
}

/** One label's values out of `[rows * labels]`. */
export function columnOf(values: Float32Array, label: number, labels: number): Float32Array {
  const column = new Float32Array(values.length / labels);
  for (let row = 0; row < column.length; row++) column[row] = values[row * labels + label]!;
  return column;
}

/** The last cut whose score is strictly above a threshold, in single precision as decisions are made; -1 for none. */
export function lastCutAbove({ scores }: Cuts, threshold: number): number {
  const limit = Math.fround(threshold);
  let [first, end] = [0, scores.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (scores[middle]! > limit) first = middle + 1;
    else end = middle;
  }
  return first - 1;
}
