import type { Cuts } from "./cuts.js";

/** How well scores order positives above negatives, at every threshold at once. */
export interface Ranking {
  /** Area under the ROC curve; `null` without both a positive and a negative. */
  readonly rocAuc: number | null;
  /** Average precision (step integral of the precision-recall curve, not interpolated); `null` without a positive. */
  readonly averagePrecision: number | null;
}

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

/** {@link Ranking} of one label, one row, or all elements. */
export function rank(cuts: Cuts): Ranking {
  const { truePositives, falsePositives, positives, negatives } = cuts;
  let concordant = 0; // pairs of a positive and a negative in the right order; a tie is half a pair
  let precisionSum = 0; // precision at each positive
  for (let i = 0, above = 0, aboveFalse = 0; i < truePositives.length; i++) {
    const tied = truePositives[i]! - above;
    concordant += (falsePositives[i]! - aboveFalse) * (above + tied / 2);
    above = truePositives[i]!;
    aboveFalse = falsePositives[i]!;
    precisionSum += tied * (above / (above + aboveFalse));
  }
  return {
    rocAuc: positives > 0 && negatives > 0 ? concordant / (positives * negatives) : null,
    averagePrecision: positives > 0 ? precisionSum / positives : null,
  };
}

/** {@link LabelRanking} of one row, whose average precision is known. */
export function rankLabels(cuts: Cuts, averagePrecision: number | null): LabelRanking {
  const { truePositives, falsePositives, positives, negatives } = cuts;
  let discordant = 0;
  let coverage = 0;
  for (let i = 0, above = 0; above < positives; i++) {
    discordant += (truePositives[i]! - above) * falsePositives[i]!;
    above = truePositives[i]!;
    coverage = above + falsePositives[i]!;
  }
  return {
    labelRankingAveragePrecision: averagePrecision ?? 1,
    coverageError: coverage,
    labelRankingLoss: positives > 0 && negatives > 0 ? discordant / (positives * negatives) : 0,
  };
}
