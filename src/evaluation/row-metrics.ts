// The figures of each row, as columns of numbers: a million objects would take longer to make than to average.
import { rankLabelsOf } from "./label-ranking.js";

/** A figure for each row that has a labelled element; NaN where it is not defined. */
export interface RowMetrics {
  /** Rows with a labelled element. */
  readonly rows: number;
  /** Rows with every labelled element decided rightly. */
  readonly right: number;
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  readonly f1: Float64Array;
  readonly jaccard: Float64Array;
  readonly rocAuc: Float64Array;
  readonly averagePrecision: Float64Array;
  readonly labelRankingAveragePrecision: Float64Array;
  readonly coverageError: Float64Array;
  readonly labelRankingLoss: Float64Array;
  /** Rows to which no label was given: their precision is 0 by convention. */
  readonly withoutGiven: number;
  /** Rows of which no label is set: their recall is 0 by convention. */
  readonly withoutSet: number;
  /** Rows of both kinds: their F1 and Jaccard are 0 by convention. */
  readonly withoutBoth: number;
  /** Rows with all labelled labels alike, set or not: they have no ROC AUC, and a ranking loss of 0. */
  readonly withoutPairs: number;
}

/**
 * Measures each row.
 *
 * @param ranks what orders the labels of a row, `[rows * labels]`, all finite
 * @param truth 0 or 1; NaN is left out
 * @param decisions 0 or 1
 */
export function rowMetrics(
  ranks: Float32Array,
  truth: Float32Array,
  decisions: Uint8Array,
  labels: number,
): RowMetrics {
  const all = truth.length / labels;
  const column = () => new Float64Array(all);
  const [precision, recall, f1, jaccard] = [column(), column(), column(), column()];
  const [rocAuc, averagePrecision] = [column(), column()];
  const [lrap, coverage, rankingLoss] = [column(), column(), column()];
  const ones = new Float32Array(labels);
  const zeros = new Float32Array(labels);
  let [rows, right, withoutGiven, withoutSet, withoutBoth, withoutPairs] = [0, 0, 0, 0, 0, 0];
  for (let start = 0; start < truth.length; start += labels) {
    let [positives, negatives, hits, given] = [0, 0, 0, 0];
    for (let i = start; i < start + labels; i++) {
      const set = truth[i]!;
      if (set === 1) ones[positives++] = ranks[i]!;
      else if (set === 0) zeros[negatives++] = ranks[i]!;
      else continue;
      given += decisions[i]!;
      if (set === 1) hits += decisions[i]!;
    }
    if (positives + negatives === 0) continue;
    const alarms = given - hits;
    const wrong = alarms + positives - hits;
    if (wrong === 0) right++;
    if (given === 0) withoutGiven++;
    if (positives === 0) withoutSet++;
    if (given + positives === 0) withoutBoth++;
    if (positives === 0 || negatives === 0) withoutPairs++;
    precision[rows] = given === 0 ? 0 : hits / given;
    recall[rows] = positives === 0 ? 0 : hits / positives;
    f1[rows] = given + positives === 0 ? 0 : (2 * hits) / (2 * hits + wrong);
    jaccard[rows] = given + positives === 0 ? 0 : hits / (hits + wrong);
    const ranked = rankLabelsOf(ones, positives, zeros, negatives);
    rocAuc[rows] = ranked.rocAuc;
    averagePrecision[rows] = ranked.averagePrecision;
    lrap[rows] = positives > 0 ? ranked.averagePrecision : 1;
    coverage[rows] = ranked.coverageError;
    rankingLoss[rows] = ranked.labelRankingLoss;
    rows++;
  }
  const filled = (values: Float64Array) => values.subarray(0, rows);
  return {
    rows,
    right,
    precision: filled(precision),
    recall: filled(recall),
    f1: filled(f1),
    jaccard: filled(jaccard),
    rocAuc: filled(rocAuc),
    averagePrecision: filled(averagePrecision),
    labelRankingAveragePrecision: filled(lrap),
    coverageError: filled(coverage),
    labelRankingLoss: filled(rankingLoss),
    withoutGiven,
    withoutSet,
    withoutBoth,
    withoutPairs,
  };
}
