import { invalidOption } from "../base/errors.js";
import { requireMadeBy } from "../base/kinds.js";
import { shown } from "../base/parse-options.js";
import { showOnOneLine } from "../data/column-names.js";
import type { DecisionMetrics } from "./counts.js";
import type { Evaluation } from "./metrics.js";

/** After the point; a float64 has no more. */
const mostDigits = 20;

/**
 * The per-label table as text, byte for byte as scikit-learn's `classification_report` prints it for multi-label data
 * with `zero_division=0`; only names with line breaks and other control characters are written as JSON.
 *
 * @param digits digits after the point
 */
export function classificationReport(evaluation: Evaluation, digits = 2): string {
  requireMadeBy("evaluate()", evaluation, ["micro", "macro", "weighted", "samples", "labels"]);
  if (!Number.isInteger(digits) || digits < 0 || digits > mostDigits)
    throw invalidOption(`the digits are ${shown(digits)}; expected a whole number from 0 to ${mostDigits}`);
  const averages = [
    { name: "micro avg", ...evaluation.micro },
    { name: "macro avg", ...evaluation.macro },
    { name: "weighted avg", ...evaluation.weighted },
    { name: "samples avg", ...evaluation.samples },
  ];
  const labels = evaluation.labels.map((label) => ({ ...label, name: showOnOneLine(label.name) }));
  const names = [...labels.map((label) => label.name), "weighted avg"];
  const width = Math.max(...names.map(characters), digits);
  const row = (scores: DecisionMetrics & { readonly name: string }, support: number) =>
    line(width, scores.name, [
      toFixedHalfEven(scores.precision, digits),
      toFixedHalfEven(scores.recall, digits),
      toFixedHalfEven(scores.f1, digits),
      String(support),
    ]);
  const total = labels.reduce((sum, label) => sum + label.support, 0);
  return [
    line(width, "", ["precision", "recall", "f1-score", "support"]),
    "\n",
    ...labels.map((label) => row(label, label.support)),
    "\n",
    ...averages.map((average) => row(average, total)),
  ].join("");
}

function line(width: number, name: string, cells: readonly string[]): string {
  const paddedName = " ".repeat(width - characters(name)) + name;
  return `${paddedName} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}\n`;
}

/** Python pads by code points, JavaScript's `padStart` by UTF-16 units: an emoji is one of the former, two of the latter. */
function characters(text: string): number {
  return [...text].length;
}

/**
 * A number between 0 and 1 with a fixed number of digits, as Python prints it.
 *
 * Both languages round the exact binary value; only at a tie does `toFixed` go up where Python goes to the even digit.
 * A double lies halfway between two decimals of `digits` places exactly when it is an odd multiple of 2^-(digits + 1).
 */
export function toFixedHalfEven(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const isTie = Math.abs((value * 2 ** (digits + 1)) % 2) === 1;
  const last = Number(rounded.at(-1));
  return isTie && last % 2 === 1 ? rounded.slice(0, -1) + String(last - 1) : rounded;
}
