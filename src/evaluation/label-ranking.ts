/** How well the scores of a row order its labels, for tasks in which the best few labels are shown. */
export interface LabelRanking {
  /**
   * Label ranking average precision (LRAP): of the labels at or above a true one, the share that is true, averaged over the
   * true ones and then the rows. 1 for a row without true labels, as in scikit-learn.
   */
  readonly labelRankingAveragePrecision: number;
  /** Labels to go through, from the top, until all true ones are found; 0 for a row without any. */
  readonly coverageError: number;
  /** Share of pairs of a true and another label that are in the wrong order; ties are. 0 for a row without such pairs. */
  readonly labelRankingLoss: number;
}

/** The ranking of one row; NaN where a figure is not defined. */
export interface RowRanking {
  readonly rocAuc: number;
  readonly averagePrecision: number;
  readonly coverageError: number;
  readonly labelRankingLoss: number;
}

/**
 * Ranks one row without making arrays; the numbers are those of `rank` on its cuts, bit for bit.
 *
 * @param ones scores of the labels that are set, the first `positives`; sorted in place
 * @param zeros scores of those that are not, the first `negatives`; sorted in place
 */
export function rankLabelsOf(
  ones: Float32Array,
  positives: number,
  zeros: Float32Array,
  negatives: number,
): RowRanking {
  sortDown(ones, positives);
  sortDown(zeros, negatives);
  let [above, aboveFalse, concordant, discordant, precisionSum, coverage] = [0, 0, 0, 0, 0, 0];
  while (above < positives || aboveFalse < negatives) {
    const score =
      aboveFalse === negatives || (above < positives && ones[above]! > zeros[aboveFalse]!)
        ? ones[above]!
        : zeros[aboveFalse]!;
    const [aboveBefore, falseBefore] = [above, aboveFalse];
    while (above < positives && ones[above] === score) above++;
    while (aboveFalse < negatives && zeros[aboveFalse] === score) aboveFalse++;
    const tied = above - aboveBefore;
    concordant += (aboveFalse - falseBefore) * (aboveBefore + tied / 2);
    precisionSum += tied * (above / (above + aboveFalse));
    if (tied > 0) {
      discordant += tied * aboveFalse;
      coverage = above + aboveFalse;
    }
  }
  const pairs = positives * negatives;
  return {
    rocAuc: pairs > 0 ? concordant / pairs : Number.NaN,
    averagePrecision: positives > 0 ? precisionSum / positives : Number.NaN,
    coverageError: coverage,
    labelRankingLoss: pairs > 0 ? discordant / pairs : 0,
  };
}

/** From this many values on, the native sort is quicker than insertion. */
const many = 24;

function sortDown(values: Float32Array, count: number): void {
  if (count >= many) {
    values.subarray(0, count).sort().reverse();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    let place = i;
    for (; place > 0 && values[place - 1]! < value; place--) values[place] = values[place - 1]!;
    values[place] = value;
  }
}
