import type { Cuts } from "./cuts.js";

/** How well scores order positives above negatives, at every threshold at once. */
export interface Ranking {
  /** Area under the ROC curve; `null` without both a positive and a negative. */
  readonly rocAuc: number | null;
  /** Average precision (step integral of the precision-recall curve, not interpolated); `null` without a positive. */
  readonly averagePrecision: number | null;
}

/** {@link Ranking} of one label, or of all elements. */
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
