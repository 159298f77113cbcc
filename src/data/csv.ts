// CSV as tagformer writes it.
import { stringify } from "csv-stringify/sync";
import { inertCell } from "./spreadsheet.js";

/** Quoted although RFC 4180 does not ask for it: a CR ends a line for many readers, and others cut blanks off. */
const needsQuotes = /\r|^\s|\s$/;

/** Rows as lines of CSV, cells as they are. */
export function csvLines(rows: readonly (readonly (string | undefined)[])[]): string {
  return stringify(
    rows.map((row) => [...row]),
    { quoted_match: needsQuotes },
  );
}

/** Rows as lines of CSV, in which cells that a spreadsheet would run begin with an apostrophe. */
export function inertCsvLines(rows: readonly (readonly string[])[]): string {
  return csvLines(rows.map((row) => row.map(inertCell)));
}
