// Figures that are a division by zero for some labels or rows, and what stands in for them: scikit-learn's `zero_division=0`.
import { requireMadeBy } from "../base/kinds.js";
import type { Calibration } from "./calibration.js";
import type { Counts } from "./counts.js";
import type { Ranking } from "./ranking.js";
import type { RowMetrics } from "./row-metrics.js";

/** A figure that is not defined for some labels or rows, so that a convention decides. */
export interface Convention {
  /** The figure, by its name in {@link Evaluation}. */
  readonly figure:
    | "precision"
    | "recall"
    | "f1"
    | "jaccard"
    | "rocAuc"
    | "averagePrecision"
    | "labelRankingAveragePrecision"
    | "coverageError"
    | "labelRankingLoss";
  /** Whether it is that of labels or of rows. */
  readonly of: "labels" | "rows";
  /** What it counts as; `null`: it is left out of averages. */
  readonly value: 0 | 1 | null;
  /** Labels or rows for which it is not defined. */
  readonly count: number;
  /** Labels or rows in all. */
  readonly total: number;
  /** What those labels or rows have in common, such as `without a positive`. */
  readonly reason: string;
  /** The names of the first ten of those labels; empty for rows. */
  readonly labels: readonly string[];
}

/** Labels that a warning names. */
const shownLabels = 10;

const titles: Readonly<Record<Convention["figure"], string>> = {
  precision: "precision",
  recall: "recall",
  f1: "F1",
  jaccard: "Jaccard",
  rocAuc: "ROC AUC",
  averagePrecision: "average precision",
  labelRankingAveragePrecision: "LRAP",
  coverageError: "coverage error",
  labelRankingLoss: "ranking loss",
};

/** What is known of a label. */
interface MeasuredLabel extends Counts, Ranking, Calibration {
  readonly name: string;
  readonly support: number;
}

/** The conventions that the figures of an evaluation rest on. */
export function conventionsOf(labels: readonly MeasuredLabel[], rows: RowMetrics): Convention[] {
  return [...ofLabels(labels), ...ofRows(rows)].filter(({ count }) => count > 0);
}

/** A sentence for people. */
export function describeConvention(convention: Convention): string {
  requireMadeBy("evaluate() as one of its conventions", convention, ["figure", "of", "labels"]);
  const { figure, of, value, count, total, reason, labels } = convention;
  const names = labels.length > 0 ? `: ${labels.join(", ")}${count > labels.length ? ", ..." : ""}` : "";
  const what =
    of === "labels"
      ? `${titles[figure]} of ${count} of ${total} labels`
      : `${titles[figure]} of ${count} of ${total} rows`;
  const effect =
    value === null ? "is not defined and left out of averages" : `counts as ${value} by convention`;
  return `${what} (${reason}) ${effect}${names}`;
}

function ofLabels(all: readonly MeasuredLabel[]): Convention[] {
  const labels = all.filter((label) => label.brierScore !== null);
  const convention = (
    figure: Convention["figure"],
    value: Convention["value"],
    reason: string,
    test: (label: MeasuredLabel) => boolean,
  ): Convention => {
    const found = labels.filter(test).map(({ name }) => name);
    return {
      figure,
      of: "labels",
      value,
      count: found.length,
      total: labels.length,
      reason,
      labels: found.slice(0, shownLabels),
    };
  };
  const isNeverGiven = (label: MeasuredLabel) => label.truePositives + label.falsePositives === 0;
  const isNeverSet = ({ support }: MeasuredLabel) => support === 0;
  const isNeither = (label: MeasuredLabel) => isNeverGiven(label) && isNeverSet(label);
  return [
    convention("precision", 0, "never given", isNeverGiven),
    convention("recall", 0, "without a positive", isNeverSet),
    convention("f1", 0, "neither given nor set", isNeither),
    convention("jaccard", 0, "neither given nor set", isNeither),
    convention("rocAuc", null, "all positive or all negative", ({ rocAuc }) => rocAuc === null),
    convention("averagePrecision", null, "without a positive", isNeverSet),
  ];
}

function ofRows({ rows, withoutGiven, withoutSet, withoutBoth, withoutPairs }: RowMetrics): Convention[] {
  const convention = (
    figure: Convention["figure"],
    value: Convention["value"],
    reason: string,
    count: number,
  ): Convention => ({ figure, of: "rows", value, count, total: rows, reason, labels: [] });
  const [alike, none, both] = ["all labels alike", "without a true label", "without a true or a given label"];
  return [
    convention("precision", 0, "without a given label", withoutGiven),
    convention("recall", 0, none, withoutSet),
    convention("f1", 0, both, withoutBoth),
    convention("jaccard", 0, both, withoutBoth),
    convention("rocAuc", null, alike, withoutPairs),
    convention("averagePrecision", null, none, withoutSet),
    convention("labelRankingAveragePrecision", 1, none, withoutSet),
    convention("coverageError", 0, none, withoutSet),
    convention("labelRankingLoss", 0, alike, withoutPairs),
  ];
}
