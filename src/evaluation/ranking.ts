/** How well scores order the positives of one label above its negatives, at every threshold at once. */
export interface Ranking {
  /** Area under the ROC curve; `null` without both a positive and a negative. */
  readonly rocAuc: number | null;
  /** Average precision (step integral of the precision-recall curve, not interpolated); `null` without a positive. */
  readonly averagePrecision: number | null;
}

/**
 * {@link Ranking} of one label. Equal scores are one step of both curves, so their order does not matter.
 *
 * @param scores `[rows]`, logits or probabilities
 * @param truth `[rows]`, 0 or 1; NaN is left out
 */
export function rank(scores: Float32Array, truth: Float32Array): Ranking {
  const labelled = Uint32Array.from(truth.keys()).filter((row) => !Number.isNaN(truth[row]!));
  const order = labelled.sort((a, b) => scores[b]! - scores[a]!);
  let positives = 0;
  let negatives = 0;
  let concordant = 0; // pairs of a positive and a negative in the right order; a tie is half a pair
  let precisionSum = 0; // precision at each positive
  for (let begin = 0, end = 0; begin < order.length; begin = end) {
    const score = scores[order[begin]!]!;
    let tied = 0;
    for (; end < order.length && scores[order[end]!] === score; end++) tied += truth[order[end]!]!;
    concordant += (end - begin - tied) * (positives + tied / 2);
    positives += tied;
    negatives = end - positives;
    precisionSum += tied * (positives / end);
  }
  return {
    rocAuc: positives > 0 && negatives > 0 ? concordant / (positives * negatives) : null,
    averagePrecision: positives > 0 ? precisionSum / positives : null,
  };
}
