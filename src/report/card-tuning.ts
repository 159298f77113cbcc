// The section of a model card about tuned thresholds, which may change when the rest does not.
import { basename } from "node:path";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Tuning } from "../evaluation/tuning.js";
import { cardMark } from "../model/file-names.js";
import { intervalText } from "./interval-text.js";
import { markdownTable, markdownText as text } from "./markdown.js";
import { describeNeverGiven } from "./never-given.js";

const tuningStart = "<!-- tuned thresholds -->";
const tuningEnd = "<!-- end of tuned thresholds -->";

/** A tuning, and the rows it was made on. */
export interface CardTuning {
  readonly tuning: Tuning;
  readonly labels: readonly string[];
  /** Where the rows came from that it was tuned on. */
  readonly source: string;
  /** Whether they are the run's validation rows, by which the epoch was chosen. */
  readonly onValidation: boolean;
  /** What the tuned model does on the run's test rows; `null` where it had none. */
  readonly test: TestFigures | null;
}

/**
 * A card with what a tuning found, in place of what an earlier one did; without that when there is none. A card that
 * somebody made their own stays as it is.
 */
export function cardWithTuning(card: string, found: CardTuning | null): string {
  if (!card.includes(cardMark)) return card;
  const start = card.indexOf(tuningStart);
  const end = card.indexOf(tuningEnd);
  const bare =
    start >= 0 && end > start ? card.slice(0, start) + card.slice(end + tuningEnd.length).trimStart() : card;
  const place = bare.indexOf("## Use\n");
  if (found === null || place < 0) return bare;
  const section = `${tuningStart}\n\n${tuningSection(found)}\n\n${tuningEnd}\n\n`;
  return bare.slice(0, place) + section + bare.slice(place);
}

function tuningSection({ tuning, labels, source, onValidation, test }: CardTuning): string {
  const { thresholds, temperatures, untuned, tuned, crossFitted, targets } = tuning;
  const evaluations = [untuned, tuned, crossFitted];
  const perLabel = labels.map((label, i) => [
    text(label),
    figure(temperatures[i]),
    figure(thresholds[i]),
    ...evaluations.map((evaluation) => figure(evaluation?.labels[i]?.f1)),
    ...(test ? [intervalText(test.intervals.labels[i] ?? null)] : []),
  ]);
  const averages: [string, (evaluation: Evaluation) => number, "microF1" | "macroF1" | "subsetAccuracy"][] = [
    ["micro-F1", ({ micro }) => micro.f1, "microF1"],
    ["macro-F1", ({ macro }) => macro.f1, "macroF1"],
    ["subset accuracy", ({ subsetAccuracy }) => subsetAccuracy, "subsetAccuracy"],
  ];
  const figures = averages.map(([name, of, key]) => [
    name,
    ...evaluations.map((evaluation) => figure(evaluation && of(evaluation))),
    ...(test ? [intervalText(test.intervals.figures[key])] : []),
  ]);
  if (tuning.tuned.hierarchical)
    figures.push([
      "hierarchical F1",
      ...evaluations.map((evaluation) => figure(evaluation?.hierarchical?.f1)),
      ...(test ? [figure(test.metrics.hierarchical?.f1)] : []),
    ]);
  const onTest = test ? ["on test rows"] : [];
  return [
    "## With the tuned thresholds",
    `Tuned on ${tuned.rows} ${onValidation ? "validation rows" : "rows"} of ${text(basename(source))}, and in use: they are in tagformer.json. ${caveat(crossFitted, onValidation, test)}`,
    markdownTable(
      ["label", "temperature", "threshold", "F1 at 0.5", "tuned", "cross-fitted", ...onTest],
      perLabel,
    ),
    markdownTable(["all labels", "at 0.5", "tuned", "cross-fitted", ...onTest], figures),
    ...(targets === null ? [] : targetSection(tuning.options, targets)),
    ...describeNeverGiven(tuning).map(text),
  ].join("\n\n");
}

/** What each label reaches of its target on rows that its threshold did not see. */
function targetSection(
  { targetPrecision, targetRecall }: Tuning["options"],
  targets: NonNullable<Tuning["targets"]>,
): string[] {
  const goal =
    targetPrecision === undefined ? `recall of ${targetRecall}` : `precision of ${targetPrecision}`;
  const percent = (chance: number | null) => (chance === null ? "–" : `${(100 * chance).toFixed(0)} %`);
  return [
    `For a ${goal}; the chance to miss it is that on another table of this size:`,
    markdownTable(
      ["label", "cross-fitted precision", "cross-fitted recall", "chance to miss it"],
      targets.map(({ name, precision, recall, missChance }) => [
        text(name),
        figure(precision),
        figure(recall),
        percent(missChance),
      ]),
    ),
  ];
}

function caveat(crossFitted: Evaluation | null, onValidation: boolean, test: TestFigures | null): string {
  const tuned = "The tuned figures are too good, because they are of these very rows.";
  const epoch = onValidation
    ? ", but the epoch was chosen on these rows as well, so they are a little too good"
    : "";
  const crossed = crossFitted
    ? ` The cross-fitted ones are of rows that the thresholds did not see${epoch}.`
    : "";
  const judged = test
    ? ` The model's figures with these thresholds are those on the ${test.metrics.rows} test rows, by which nothing was chosen; in brackets, ${100 * test.intervals.confidence} % confidence intervals; a star marks what rests on a label with fewer than ten positives.`
    : "";
  return tuned + crossed + judged;
}

function figure(value: number | null | undefined): string {
  return value?.toFixed(4) ?? "–";
}
