// What `tagformer thresholds` prints.
import { counted } from "../base/counted.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Tuning } from "../evaluation/tuning.js";
import { describeNeverGiven } from "../report/never-given.js";
import { describeIntervals } from "./interval-table.js";
import { figure, textTable } from "./text-table.js";

/** Where the figures come from, and what was found on it. */
export interface FoundTuning {
  readonly labels: readonly string[];
  readonly source: string;
  readonly tuning: Tuning;
  /** Whether the rows are the run's validation rows, by which epochs are chosen. */
  readonly onValidation: boolean;
  /** What the tuned model does on the run's test rows; `null` where it had none. */
  readonly test: TestFigures | null;
  readonly storedIn: string | null;
}

type Average = [name: string, of: (evaluation: Evaluation) => number | null];

const hierarchicalF1: Average = ["hierarchical F1", ({ hierarchical }) => hierarchical?.f1 ?? null];

/** Tables of the labels and of the averages, and what to make of them. */
export function describeTuning(found: FoundTuning): string {
  const { labels, source, tuning, storedIn } = found;
  const { untuned, tuned, crossFitted, thresholds, temperatures } = tuning;
  const f1 = (evaluation: Evaluation | null, i: number) => evaluation && evaluation.labels[i]!.f1;
  const figures = [untuned, tuned, crossFitted];
  const averages: Average[] = [
    ["micro-F1", ({ micro }) => micro.f1],
    ["macro-F1", ({ macro }) => macro.f1],
    ...(tuned.hierarchical ? [hierarchicalF1] : []),
    ["micro precision", ({ micro }) => micro.precision],
    ["micro recall", ({ micro }) => micro.recall],
    ["subset accuracy", ({ subsetAccuracy }) => subsetAccuracy],
    ["loss", ({ loss }) => loss],
    ["calibration error", ({ calibrationError }) => calibrationError],
  ];
  return [
    `${counted(tuned.rows, "row")} of ${source}`,
    "",
    textTable([
      ["label", "positives", "temperature", "threshold", "F1 at 0.5", "tuned", "cross-fitted"],
      ...labels.map((name, i) => [
        name,
        String(tuned.labels[i]!.support),
        temperatures[i]!.toFixed(3),
        thresholds[i]!.toFixed(4),
        ...figures.map((evaluation) => figure(f1(evaluation, i))),
      ]),
    ]),
    "",
    textTable([
      ["all labels", "untuned", "tuned", "cross-fitted"],
      ...averages.map(([name, of]) => [
        name,
        ...figures.map((evaluation) => figure(evaluation && of(evaluation))),
      ]),
    ]),
    "",
    ...describeTargets(tuning),
    ...describeNeverGiven(tuning),
    ...describeRows(found),
    storedIn === null
      ? "Nothing was stored."
      : `Stored in ${storedIn}; predict and evaluate use them from now on.`,
  ].join("\n");
}

/** Which of the figures are to be believed. */
function describeRows({ tuning, onValidation, test }: FoundTuning): string[] {
  const tuned = "Tuned figures are too good: they are of the very rows that the thresholds were chosen on.";
  const epoch = onValidation
    ? ", but by these rows the epoch was chosen too, so they are a little too good"
    : "";
  const crossed =
    tuning.crossFitted === null
      ? "Cross-fitted ones, with --folds, are of rows that the thresholds did not see."
      : `Cross-fitted ones are of rows that the thresholds did not see${epoch}.`;
  if (test === null) {
    const advice = onValidation ? " Rows by which nothing was chosen are those of train --test-split." : "";
    return [`${tuned} ${crossed}${advice}`];
  }
  return [
    `${tuned} ${crossed}`,
    "",
    `The model's figures with these thresholds, on the ${test.metrics.rows} test rows, by which nothing was chosen:`,
    "",
    describeIntervals(test.intervals),
    "",
  ];
}

/** What each label reaches of its target on rows that its threshold did not see. */
function describeTargets({ options, targets }: Tuning): string[] {
  if (targets === null) return [];
  const { targetPrecision, targetRecall } = options;
  const goal =
    targetPrecision === undefined ? `recall of ${targetRecall}` : `precision of ${targetPrecision}`;
  return [
    textTable([
      [`for a ${goal}, cross-fitted`, "precision", "recall", "chance to miss it"],
      ...targets.map(({ name, precision, recall, missChance }) => [
        name,
        figure(precision),
        figure(recall),
        missChance === null ? "-" : `${(100 * missChance).toFixed(0)} %`,
      ]),
    ]),
    "",
    `The chance to miss it: how likely the ${targetPrecision === undefined ? "recall" : "precision"} on another table of this size is below the target. For a target that holds on other tables, ask for more than you need.`,
  ];
}
