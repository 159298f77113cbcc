// The labels of all rows of a table, and what collects them.
import type { Row } from "./row.js";

/** The labels of all rows that were read. */
export interface LabelMatrix {
  readonly names: readonly string[];
  /** Row-major, `[rows * names.length]`: 0 to 1, or NaN for a missing label. */
  readonly values: Float32Array;
}

/** Collects labels while a table streams past. */
export interface LabelReader {
  /** The columns that are read. */
  readonly columns: readonly string[];
  /** Takes the labels of the next row; when they cannot be read, takes nothing and says why. */
  add(row: Row): string | undefined;
  finish(): LabelMatrix;
}
