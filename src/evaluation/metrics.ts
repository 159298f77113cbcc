import { invalidData } from "../base/errors.js";
import { type Calibration, calibrate } from "./calibration.js";
import { type Convention, conventionsOf } from "./conventions.js";
import {
  type Counts,
  countDecisions,
  type DecisionMetrics,
  decisionMetrics,
  labelledIn,
  sumCounts,
} from "./counts.js";
import { columnOf, cutsOf } from "./cuts.js";
import { type HierarchicalMetrics, hierarchicalMetrics, type Parents } from "./hierarchy.js";
import type { LabelRanking } from "./label-ranking.js";
import { bceWithLogits } from "./loss.js";
import { mean, weightedMean } from "./mean.js";
import { type Ranking, rank } from "./ranking.js";
import { type RowMetrics, rowMetrics } from "./row-metrics.js";
import {
  checkedRows,
  decide,
  parentsIn,
  probabilitiesOf,
  type Scores,
  type Thresholds,
  truthOf,
} from "./scores.js";

/** The metrics of one label, over the rows in which it is labelled. */
export interface LabelMetrics extends Counts, DecisionMetrics, Ranking, Calibration {
  /** The label's name. */
  readonly name: string;
  /** Number of rows in which the label is truly set. */
  readonly support: number;
}

/** One way to average; `rocAuc` and `averagePrecision` are averaged over those that are not `null`. */
export interface AverageMetrics extends DecisionMetrics, Ranking {}

/** How well scores agree with labels. Plain numbers and `null`, never NaN: it can be written as JSON. */
export interface Evaluation extends LabelRanking, Calibration {
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
  readonly micro: AverageMetrics;
  /** Mean over the labels that are labelled in some row. */
  readonly macro: AverageMetrics;
  /** Mean over the labels, weighted by support. */
  readonly weighted: AverageMetrics;
  /** Mean over the rows. */
  readonly samples: AverageMetrics;
  /** Of labels that stand below others: each with all labels above it; absent where there are none. */
  readonly hierarchical?: HierarchicalMetrics;
  /** In the order of the label names. */
  readonly labels: readonly LabelMetrics[];
  /** Figures that are not defined for some labels or rows, and what they count as. */
  readonly conventions: readonly Convention[];
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
  checkedRows(scores, labels, labelNames);
  const decisions = decide(probabilitiesOf(scores), labelNames.length, thresholds);
  return evaluateDecisions(scores, labels, labelNames, decisions, parentsIn(thresholds));
}

/**
 * {@link evaluate} with decisions made elsewhere.
 *
 * @param decisions `[rows * labels]`, 0 or 1
 * @param parents the label above each label, where some stand below others
 */
export function evaluateDecisions(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  decisions: Uint8Array,
  parents?: Parents,
): Evaluation {
  const rows = checkedRows(scores, labels, labelNames);
  const probabilities = probabilitiesOf(scores);
  const judged: Judged = {
    // Logits order rows that probabilities cannot: near 0 and 1, sigmoid rounds different logits to one number.
    ranks: "logits" in scores ? scores.logits : scores.probabilities,
    probabilities,
    decisions,
    truth: truthOf(labels),
  };
  const columns = labelNames.map((name, column) => labelMetrics(judged, name, column, labelNames.length));
  const counted = rowMetrics(judged.ranks, judged.truth, decisions, labelNames.length);
  if (counted.rows === 0) {
    throw invalidData(`nothing to evaluate: none of the ${rows} rows has a label`);
  }
  const total = sumCounts(columns);
  const measured = columns.filter((column) => labelledIn(column) > 0);
  const support = Float64Array.from(measured, (column) => column.support);
  return {
    rows: counted.rows,
    labelled: labelledIn(total),
    loss: "logits" in scores ? bceWithLogits(scores.logits, labels) : null,
    subsetAccuracy: counted.right / counted.rows,
    hammingLoss: (total.falsePositives + total.falseNegatives) / labelledIn(total),
    ...calibrate(probabilities, judged.truth),
    labelRankingAveragePrecision: mean(counted.labelRankingAveragePrecision),
    coverageError: mean(counted.coverageError),
    labelRankingLoss: mean(counted.labelRankingLoss),
    micro: { ...decisionMetrics(total), ...rank(cutsOf(judged.ranks, judged.truth)) },
    macro: averageOfLabels(
      measured,
      support.map(() => 1),
    ),
    weighted: averageOfLabels(measured, support),
    samples: averageOfRows(counted),
    ...(parents && { hierarchical: hierarchicalMetrics(judged.truth, decisions, parents) }),
    labels: columns,
    conventions: conventionsOf(columns, counted),
  };
}

/** Scores and labels in the forms that the metrics need, all `[rows * labels]`. */
interface Judged {
  readonly ranks: Float32Array;
  readonly probabilities: Float32Array;
  readonly decisions: Uint8Array;
  readonly truth: Float32Array;
}

function labelMetrics(judged: Judged, name: string, column: number, labels: number): LabelMetrics {
  const truth = columnOf(judged.truth, column, labels);
  const counts = countDecisions(judged.truth, judged.decisions, column, labels, truth.length);
  return {
    name,
    support: counts.truePositives + counts.falseNegatives,
    ...counts,
    ...decisionMetrics(counts),
    ...rank(cutsOf(columnOf(judged.ranks, column, labels), truth)),
    ...calibrate(columnOf(judged.probabilities, column, labels), truth),
  };
}

type Averaged = keyof AverageMetrics;

function averageOfLabels(labels: readonly LabelMetrics[], weights: Float64Array): AverageMetrics {
  return average((figure) => Float64Array.from(labels, (label) => label[figure] ?? Number.NaN), weights);
}

function averageOfRows(rows: RowMetrics): AverageMetrics {
  return average((figure) => rows[figure]);
}

/**
 * The mean of each figure over what it is defined for.
 *
 * @param of the values of a figure; NaN where it is not defined
 */
function average(of: (figure: Averaged) => Float64Array, weights?: Float64Array): AverageMetrics {
  const over = (figure: Averaged) => {
    const values = of(figure);
    const isDefined = (_: number, i: number) => !Number.isNaN(values[i]!);
    const defined = values.some(Number.isNaN) ? values.filter(isDefined) : values;
    if (defined.length === 0) return null;
    if (weights === undefined) return mean(defined);
    return weightedMean(defined, weights.filter(isDefined));
  };
  return {
    precision: over("precision") ?? 0,
    recall: over("recall") ?? 0,
    f1: over("f1") ?? 0,
    jaccard: over("jaccard") ?? 0,
    rocAuc: over("rocAuc"),
    averagePrecision: over("averagePrecision"),
  };
}
