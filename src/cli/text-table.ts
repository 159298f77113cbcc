// Tables on a terminal.
import { showOnOneLine } from "../data/column-names.js";

/** Rows of cells as text: the first column to the left, the others to the right, each row on one line. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => row.map(showOnOneLine));
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((row) => row[column]!.length)));
  const pad = (cell: string, i: number) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!));
  return lines.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

/** A figure with four digits, or a dash where it is not defined. */
export function figure(value: number | null): string {
  return value === null ? "-" : value.toFixed(4);
}

/** A figure of each kind as people write it. */
export const figureTitles = {
  microF1: "micro-F1",
  macroF1: "macro-F1",
  weightedF1: "weighted F1",
  samplesF1: "samples F1",
  subsetAccuracy: "subset accuracy",
  hammingLoss: "Hamming loss",
  macroRocAuc: "mean ROC AUC",
  macroAveragePrecision: "mean average precision",
} as const;
