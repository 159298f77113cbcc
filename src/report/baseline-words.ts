// A model beside its bag of words, in words: in the end of a run, in its report, in the card and in an evaluation.
import type { ComparedFigure, Comparison } from "../evaluation/compare.js";

/** A model and the bag of words beside it, on the same rows. */
export interface BaselineFigures {
  /** Which rows: `test` rows judged nothing before; on `validation` rows the model's epoch was chosen; or a table `given`. */
  readonly on: "test" | "validation" | "given";
  /** `true` when each row was decided by temperatures and thresholds that were tuned on the others, of both models alike. */
  readonly crossFitted: boolean;
  /** From the bag of words (`first`) to the model (`second`). */
  readonly comparison: Comparison;
}

/** What a comparison says by its micro-F1: that the model is better, or worse, or that these rows cannot tell. */
function baselineVerdict({ figures }: Comparison): "better" | "worse" | "undecided" {
  const { low = null, high = null } = figures.microF1 ?? {};
  if (low !== null && low > 0) return "better";
  return high !== null && high < 0 ? "worse" : "undecided";
}

/** A sentence for a model that is not better than its bag of words; `null` for one that is. */
export function notBetterThanBaseline({ comparison }: BaselineFigures): string | null {
  const verdict = baselineVerdict(comparison);
  if (verdict === "better") return null;
  const advice =
    "a bag of words is smaller and a thousand times faster: use it, or give the model more rows, more epochs or another --learning-rate";
  return verdict === "worse"
    ? `The model is worse than a bag of words on the same rows; ${advice}.`
    : `These rows do not show that the model is better than a bag of words; ${advice}.`;
}

/** Which rows and thresholds the figures are of. */
export function describeBaselineRows({ on, crossFitted, comparison }: BaselineFigures): string {
  const rows = `On the ${comparison.rows} ${on === "given" ? "" : `${on} `}rows`;
  const how = crossFitted
    ? "each decided by thresholds that were tuned on the others, of both alike"
    : "with the thresholds of each";
  const caveat =
    on === "validation" ? "; the model's epoch was chosen on them, the bag of words was not" : "";
  return `${rows}, ${how}${caveat}`;
}

/** The figures as rows of a table: the model, the bag of words, the difference. */
export function baselineTable({ comparison }: BaselineFigures): string[][] {
  const { figures, confidence } = comparison;
  const shown = [figures.microF1, figures.macroF1, figures.macroAveragePrecision];
  return [
    ["", "micro-F1", "macro-F1", "mean average precision"],
    ["the model", ...shown.map((figure) => decimal(figure?.second))],
    ["a bag of words", ...shown.map((figure) => decimal(figure?.first))],
    [`difference (${100 * confidence} % interval)`, ...shown.map(difference)],
  ];
}

function difference(figure: ComparedFigure | null): string {
  if (figure === null) return "–";
  const { low, high } = figure;
  const interval =
    low === null || high === null ? "too few positives for an interval" : `${signed(low)} to ${signed(high)}`;
  return `${signed(figure.difference)} (${interval})`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}

function decimal(value: number | undefined): string {
  return value?.toFixed(4) ?? "–";
}
