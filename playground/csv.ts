// CSV that somebody drops on the page, and the CSV that comes back.
import { distinctColumns, labelCellWriter } from "../src/data/label-cell.js";
import { inertCell } from "../src/data/spreadsheet.js";

/** A table of a file, its first row taken as the header. */
export interface Table {
  readonly columns: readonly string[];
  /** As many cells each as there are columns. */
  readonly rows: readonly (readonly string[])[];
}

/** What a row was answered. */
export interface RowAnswer {
  readonly labels: readonly string[];
  readonly scores: Readonly<Record<string, number>>;
}

/** A file that is no table: the message says where, and what was expected. */
export class TableError extends Error {}

/**
 * Reads a table whose cells are separated by commas, semicolons or tabs, whichever the first line has most of.
 *
 * @throws TableError when it is empty, a quote is never closed, or a row has too few or too many cells
 */
export function parseTable(text: string): Table {
  const source = text.replace(/^\ufeff/, "");
  const separator = separatorOf(source);
  const [header, ...rows] = readRows(source, separator);
  if (header === undefined) throw new TableError("The file is empty.");
  if (rows.length === 0) throw new TableError("The file has a header and no rows.");
  for (const { cells, line } of rows) {
    if (cells.length === header.cells.length) continue;
    throw new TableError(
      `Line ${line} has ${cells.length} cells, but the header has ${header.cells.length}. ` +
        "A text with separators or line breaks in it needs double quotes around it.",
    );
  }
  return { columns: header.cells, rows: rows.map(({ cells }) => cells) };
}

function separatorOf(source: string): string {
  const [firstLine = ""] = source.split(/\r\n|\r|\n/, 1);
  const outsideQuotes = firstLine.replace(/"[^"]*"/g, "");
  const counts = [",", ";", "\t"].map((separator) => ({
    separator,
    count: outsideQuotes.split(separator).length,
  }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).separator;
}

interface Row {
  readonly cells: string[];
  /** Where it begins, from 1. */
  readonly line: number;
}

/** A cell, and what ends it: quotes are doubled inside of quotes. */
function cellPattern(separator: string): RegExp {
  return new RegExp(
    `(?:"([^"]*(?:""[^"]*)*)"|(?!")([^${separator}\\r\\n]*))(${separator}|\\r\\n|\\r|\\n|$)`,
    "y",
  );
}

function readRows(source: string, separator: string): Row[] {
  const pattern = cellPattern(separator);
  const rows: Row[] = [];
  let line = 1;
  let row: Row = { cells: [], line };
  while (pattern.lastIndex < source.length || row.cells.length > 0) {
    const start = pattern.lastIndex;
    const [whole, quoted, plain, end] = pattern.exec(source) ?? badQuote(source, start, line);
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === separator) continue;
    if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row); // blank lines are no rows
    row = { cells: [], line };
  }
  return rows;
}

function badQuote(source: string, start: number, line: number): never {
  const closed = /^"[^"]*(?:""[^"]*)*"/.test(source.slice(start));
  throw new TableError(
    closed
      ? `Line ${line}: there is more after the closing quote of a cell. A quote inside of a cell is written twice.`
      : `Line ${line}: a quote is opened and never closed.`,
  );
}

/** The column that is most likely the text: by its name, or the one with the longest cells. */
export function guessTextColumn({ columns, rows }: Table): number {
  const named = columns.findIndex((name) =>
    /^(text|comment_text|comment|sentence|message|body|content|review)s?$/i.test(name.trim()),
  );
  if (named >= 0) return named;
  const some = rows.slice(0, 100);
  const lengths = columns.map((_, i) => some.reduce((sum, row) => sum + row[i]!.length, 0));
  return lengths.indexOf(Math.max(...lengths));
}

/**
 * The table with what was found beside its columns, as `tagformer predict` writes it: the labels, and a score for each. Cells
 * that a spreadsheet would run begin with an apostrophe.
 *
 * @param answers one for each row; a row that failed has an `Error`
 */
export function formatAnswers(
  { columns, rows }: Table,
  names: readonly string[],
  answers: readonly (RowAnswer | Error | undefined)[],
): string {
  const labelCell = labelCellWriter(names);
  const added = distinctColumns([...names, "labels", "error"], columns);
  const scored = names.map((_, i) => added[i]!);
  const failed = answers.some((answer) => answer instanceof Error);
  const header = [...columns, added[names.length]!, ...scored, ...(failed ? [added[names.length + 1]!] : [])];
  const lines = rows.map((row, i) => {
    const answer = answers[i];
    if (answer === undefined || answer instanceof Error) {
      return [...row, "", ...names.map(() => ""), ...(failed ? [answer?.message ?? ""] : [])];
    }
    const scores = names.map((name) => String(answer.scores[name]));
    return [...row, labelCell(answer.labels), ...scores, ...(failed ? [""] : [])];
  });
  return [header, ...lines].map((cells) => `${cells.map(formatCell).join(",")}\n`).join("");
}

function formatCell(cell: string): string {
  const inert = inertCell(cell);
  return /["\r\n,]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
