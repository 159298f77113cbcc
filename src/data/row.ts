// One row of a table, whatever the table is kept in.

/** What the rows of a source are counted by, for messages: lines of text files, rows of everything else. */
export type RowUnit = "line" | "row";

/** One row of a table. */
export interface Row {
  /** The line on which the row starts, or the row's number; from 1. */
  readonly line: number;
  /** What `line` counts; lines, when it is absent. */
  readonly unit?: RowUnit;
  /**
   * Cells by column name: strings in CSV and TSV; any JSON value in JSON Lines, JSON, Parquet and the rows of a program. A row
   * may lack columns.
   */
  readonly cells: ReadonlyMap<string, unknown>;
}
