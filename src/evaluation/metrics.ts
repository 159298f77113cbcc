import { TagformerError } from "../errors.js";
import {
  type Counts,
  countDecisions,
  labelledIn,
  type PrecisionRecallF1,
  precisionRecallF1,
  sumCounts,
} from "./counts.js";
import { bceWithLogits } from "./loss.js";
import { mean, weightedMean } from "./mean.js";
import { type Ranking, rank } from "./ranking.js";
import { checkedRows, decide, probabilitiesOf, type Scores, type Thresholds } from "./scores.js";

/** The metrics of one label, over the rows in which it is labelled. */
export interface LabelMetrics extends Counts, PrecisionRecallF1, Ranking {
  /** The label's name. */
  readonly name: string;
  /** Number of rows in which the label is truly set. */
  readonly support: number;
}

/** How well scores agree with labels. Plain numbers and `null`, never NaN: it can be written as JSON. */
export interface Evaluation extends Ranking {
  /** Rows with at least one labelled element; the others are left out of everything. */
  readonly rows: number;
  /** Labelled elements (row and label). */
  readonly labelled: number;
  /** Mean binary cross-entropy of the labelled elements, in nats; `null` when only probabilities were given. */
  readonly loss: number | null;
  /** Share of rows with every labelled element decided rightly. */
  readonly subsetAccuracy: number;
  /** Share of labelled elements decided wrongly. */
  readonly hammingLoss: number;
  /** Over all labelled elements at once. */
  readonly micro: PrecisionRecallF1;
  /** Mean over the labels that are labelled in some row. */
  readonly macro: PrecisionRecallF1;
  /** Mean over the labels, weighted by support. */
  readonly weighted: PrecisionRecallF1;
  /** Mean over the rows. */
  readonly samples: PrecisionRecallF1;
  /** In the order of the label names. `rocAuc` and `averagePrecision` above are the means of those that are not `null`. */
  readonly labels: readonly LabelMetrics[];
}

/**
 * Compares scores with labels, with scikit-learn's definitions and `zero_division=0`.
 *
 * Missing labels (NaN) are left out, element by element. A soft label counts as set above 0.5 everywhere but in the loss.
 *
 * @param scores `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @param labelNames one name for each label
 * @param thresholds probabilities above which (strictly) a label is set
 * @throws {TagformerError} `INVALID_DATA` when sizes do not fit or nothing is labelled, `NOT_FINITE` when a score is NaN
 * or infinite, `INVALID_OPTION` when the thresholds do not fit the labels
 */
export function evaluate(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  thresholds: Thresholds = 0.5,
): Evaluation {
  const rows = checkedRows(scores, labels, labelNames);
  const decisions = decide(probabilitiesOf(scores), labelNames.length, thresholds);
  const truth = labels.map((label) => (Number.isNaN(label) ? Number.NaN : Number(label > 0.5)));
  const columns = labelNames.map((name, column) => {
    const counts = countDecisions(truth, decisions, column, labelNames.length, rows);
    return labelMetrics(name, counts, rankColumn(scores, truth, column, labelNames.length));
  });
  const counted = Array.from({ length: rows }, (_, row) =>
    countDecisions(truth, decisions, row * labelNames.length, 1, labelNames.length),
  ).filter((counts) => labelledIn(counts) > 0);
  if (counted.length === 0) {
    throw new TagformerError("INVALID_DATA", `nothing to evaluate: none of the ${rows} rows has a label`);
  }
  const total = sumCounts(columns);
  const measured = columns.filter((column) => labelledIn(column) > 0);
  const support = Float64Array.from(measured, (column) => column.support);
  return {
    rows: counted.length,
    labelled: labelledIn(total),
    loss: "logits" in scores ? bceWithLogits(scores.logits, labels) : null,
    subsetAccuracy: counted.filter((row) => wrongIn(row) === 0).length / counted.length,
    hammingLoss: wrongIn(total) / labelledIn(total),
    micro: precisionRecallF1(total),
    macro: average(measured, mean),
    weighted: average(measured, (values) => weightedMean(values, support)),
    samples: average(counted.map(precisionRecallF1), mean),
    rocAuc: meanOfDefined(columns.map((column) => column.rocAuc)),
    averagePrecision: meanOfDefined(columns.map((column) => column.averagePrecision)),
    labels: columns,
  };
}

function labelMetrics(name: string, counts: Counts, ranking: Ranking): LabelMetrics {
  const support = counts.truePositives + counts.falseNegatives;
  return { name, support, ...counts, ...precisionRecallF1(counts), ...ranking };
}

// Logits order rows that probabilities cannot: near 0 and 1, sigmoid rounds different logits to one number.
function rankColumn(scores: Scores, truth: Float32Array, column: number, labels: number): Ranking {
  const values = "logits" in scores ? scores.logits : scores.probabilities;
  const ofColumn = (_: number, i: number) => i % labels === column;
  return rank(values.filter(ofColumn), truth.filter(ofColumn));
}

function wrongIn(counts: Counts): number {
  return counts.falsePositives + counts.falseNegatives;
}

function average(
  parts: readonly PrecisionRecallF1[],
  averageOf: (values: Float64Array) => number,
): PrecisionRecallF1 {
  return {
    precision: averageOf(Float64Array.from(parts, (part) => part.precision)),
    recall: averageOf(Float64Array.from(parts, (part) => part.recall)),
    f1: averageOf(Float64Array.from(parts, (part) => part.f1)),
  };
}

function meanOfDefined(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : mean(Float64Array.from(defined));
}
