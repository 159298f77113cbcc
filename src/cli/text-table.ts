// Tables on a terminal.

/** Rows of cells as text: the first column to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    )
    .join("\n");
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
