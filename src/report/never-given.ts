// Labels that no row gets with tuned thresholds, in words.
import type { Tuning } from "../evaluation/tuning.js";

/** Labels that no row gets, and what the other average would cost. */
export function describeNeverGiven({ neverGiven, macroInstead, tuned, options }: Tuning): string[] {
  if (neverGiven.length === 0) return [];
  const names =
    neverGiven.slice(0, shownLabels).join(", ") + (neverGiven.length > shownLabels ? ", ..." : "");
  const who = `Never given on these rows: ${neverGiven.length} of ${tuned.labels.length} labels (${names}).`;
  if (macroInstead === null || macroInstead.neverGiven.length >= neverGiven.length) {
    const isPrecision = options.targetPrecision !== undefined;
    return [isPrecision ? `${who} No threshold of theirs reaches the target.` : who];
  }
  return [
    `${who} The default goal, micro-F1, counts a rare label little. With --average macro ${macroInstead.neverGiven.length} would never be given; micro-F1 would be ${figure(macroInstead.microF1)} instead of ${figure(tuned.micro.f1)}, and macro-F1 ${figure(macroInstead.macroF1)} instead of ${figure(tuned.macro.f1)}.`,
  ];
}

/** Labels that a sentence names. */
const shownLabels = 10;

function figure(value: number): string {
  return value.toFixed(4);
}
