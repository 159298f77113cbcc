// Cells that a spreadsheet would run when it opens a table.

/** What begins a formula, by OWASP's list; spreadsheets of East Asia read the wide forms as well. */
const formulaStart = /^'*[=+\-@\t\r\n＝＋－＠]/;
const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The cell, with an apostrophe before it where a spreadsheet would take it for a formula. A number such as -5 stays. One that
 * begins with such apostrophes gets one more, so that different cells stay different.
 */
export function inertCell(cell: string): string {
  return formulaStart.test(cell) && !number.test(cell) ? `'${cell}` : cell;
}
