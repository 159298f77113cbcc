// Rows of delimited text: CSV, TSV and their relatives.
//
// Quotes are the trouble. RFC 4180 encloses cells in them, which may then hold delimiters and line breaks; many TSV files are
// written without any quoting, and their quotes are characters of the text. One such quote at the start of a cell would swallow
// all rows up to the next one. No CSV library takes a quote back once it has opened a cell, so rows are assembled here, line by
// line, and a cell goes on to the next line only where nothing else can be meant.
import { invalidData, type TagformerError } from "../base/errors.js";
import { type BadRows, shownRows } from "./bad-rows.js";
import { type Line, type LineReader, maxRowLength } from "./lines.js";

/**
 * What quotes mean.
 *
 * - `auto`: a cell may be enclosed in quotes, as in `csv`; between tabs and pipes, a quote that does not enclose a whole cell is
 *   a character of the text. A quoted cell that holds what look like whole rows is refused.
 * - `csv`: a cell may be enclosed in quotes and then hold delimiters, line breaks and doubled quotes (RFC 4180).
 * - `none`: quotes are characters like any other, and every line is a row.
 */
export type Quotes = "auto" | "csv" | "none";

/** How cells are told apart. */
export interface Dialect {
  /** The one character between two cells. */
  readonly delimiter: string;
  readonly quotes: Quotes;
  /** Whether some quotes are characters for certain, so that others are, too, where that makes a whole row. */
  readonly hasPlainQuotes?: boolean;
}

/** One row of cells without names. */
export interface Record {
  /** The line (1-based) on which the row starts. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Cells of one row, read line by line as RFC 4180 has them. */
export class QuotedRow {
  readonly cells: string[] = [];
  readonly #delimiter: string;
  /** What has been read of a quoted cell that is still open. */
  #open: string[] | undefined;
  #lines = 0;
  /** The line of the row, from 0, on which its last quoted cell starts. */
  opened = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  /**
   * Reads a line.
   *
   * @param before the end of the line before, which belongs to an open cell
   * @returns `whole` when the row ends with the line, `open` when a quoted cell goes on, `stray` at a quote out of place
   */
  feed(text: string, before = ""): "whole" | "open" | "stray" {
    let position = 0;
    const line = this.#lines++;
    if (this.#open) {
      this.#open.push(before);
    } else if (!text.includes('"')) {
      this.cells.push(...text.split(this.#delimiter));
      return "whole";
    }
    while (position <= text.length) {
      if (!this.#open && text[position] === '"') {
        this.#open = [];
        this.opened = line;
        position++;
      }
      const end = this.#open ? this.#readQuoted(text, position) : this.#readPlain(text, position);
      if (typeof end === "string") return end;
      position = end + 1;
    }
    return "whole";
  }

  /** Reads up to the end of a quoted cell; returns the position behind its quote. */
  #readQuoted(text: string, start: number): number | "open" | "stray" {
    const parts = this.#open!;
    let from = start;
    for (;;) {
      const quote = text.indexOf('"', from);
      if (quote < 0) {
        parts.push(text.slice(from));
        return "open";
      }
      if (text[quote + 1] !== '"') {
        if (quote + 1 < text.length && text[quote + 1] !== this.#delimiter) return "stray";
        this.cells.push(parts.join("") + text.slice(from, quote));
        this.#open = undefined;
        return quote + 1;
      }
      parts.push(text.slice(from, quote + 1));
      from = quote + 2;
    }
  }

  #readPlain(text: string, start: number): number | "stray" {
    const delimiter = text.indexOf(this.#delimiter, start);
    const end = delimiter < 0 ? text.length : delimiter;
    const cell = text.slice(start, end);
    if (cell.includes('"')) return "stray";
    this.cells.push(cell);
    return end;
  }
}

/**
 * The cells of one line in which a quote that does not enclose a whole cell is a character of the text.
 *
 * @returns the cells, and whether one of them begins with a quote that the line does not close
 */
export function relaxedCells(text: string, delimiter: string): { cells: string[]; unclosed: boolean } {
  const cells: string[] = [];
  let unclosed = false;
  let position = 0;
  while (position <= text.length) {
    const quoted = text[position] === '"' ? enclosedCell(text, position, delimiter) : "plain";
    if (typeof quoted === "object") {
      cells.push(quoted.cell);
      position = quoted.end + 1;
      continue;
    }
    if (quoted === "open") unclosed = true;
    const next = text.indexOf(delimiter, position);
    const end = next < 0 ? text.length : next;
    cells.push(text.slice(position, end));
    position = end + 1;
  }
  return { cells, unclosed };
}

/** The cell that quotes enclose, `open` where they are not closed, `plain` where they enclose a part of a cell only. */
function enclosedCell(
  text: string,
  start: number,
  delimiter: string,
): { cell: string; end: number } | "open" | "plain" {
  let quote = text.indexOf('"', start + 1);
  while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  if (quote < 0) return "open";
  if (quote + 1 < text.length && text[quote + 1] !== delimiter) return "plain";
  return { cell: text.slice(start + 1, quote).replaceAll('""', '"'), end: quote + 1 };
}

/**
 * Whether quotes between such delimiters may be characters of the text: files with tabs and pipes are often written without any
 * quoting, because texts rarely hold those.
 */
export function mayHoldQuotes(delimiter: string): boolean {
  return delimiter === "\t" || delimiter === "|";
}

function isRelaxed({ delimiter, quotes }: Dialect): boolean {
  return quotes === "auto" && mayHoldQuotes(delimiter);
}

/**
 * Streams the rows of delimited text. Empty lines between rows are left out. The number of cells in the first row decides where
 * quotes leave a choice.
 *
 * @throws TagformerError `INVALID_DATA` at a quote that is never closed or out of place, and where quotes leave a choice that
 * nothing decides
 */
export async function* readDelimited(
  file: string,
  lines: LineReader,
  dialect: Dialect,
  bad: BadRows,
): AsyncGenerator<Record> {
  const assembler = new Assembler(file, lines, dialect);
  for (;;) {
    const line = lines.take() ?? (await lines.next());
    if (line === undefined) break;
    if (line.text === "") continue;
    const record = assembler.fromLine(line) ?? (await assembler.fromLines(line));
    assembler.width ??= record.cells.length;
    yield record;
  }
  const { unclosed, unclosedLines } = assembler;
  if (unclosed > 0) {
    const at = unclosedLines.join(", ") + (unclosed > unclosedLines.length ? ", ..." : "");
    bad.note(
      `${file}: ${unclosed} ${unclosed === 1 ? "row has a cell that begins" : "rows have cells that begin"} with a quote which is never closed (line ${at}): it was read as a character of the text`,
    );
  }
}

class Assembler {
  /** Number of cells of the first row. */
  width: number | undefined;
  /** Rows with a quote at the start of a cell that was read as a character. */
  unclosed = 0;
  readonly unclosedLines: number[] = [];
  readonly #file: string;
  readonly #lines: LineReader;
  readonly #dialect: Dialect;

  constructor(file: string, lines: LineReader, dialect: Dialect) {
    this.#file = file;
    this.#lines = lines;
    this.#dialect = dialect;
  }

  /** The row, when its line decides it alone. */
  fromLine({ number, text }: Line): Record | undefined {
    const { delimiter, quotes, hasPlainQuotes } = this.#dialect;
    if (quotes === "none" || !text.includes('"')) return { line: number, cells: text.split(delimiter) };
    if (!isRelaxed(this.#dialect)) return undefined;
    if (hasPlainQuotes && text.split(delimiter).length === this.width) {
      return { line: number, cells: text.split(delimiter) };
    }
    const { cells, unclosed } = relaxedCells(text, delimiter);
    if (unclosed) return undefined;
    if (this.width !== undefined && cells.length !== this.width) {
      const plain = text.split(delimiter);
      if (plain.length === this.width) return { line: number, cells: plain };
    }
    return { line: number, cells };
  }

  /** The row that starts on a line with quotes, and ends there or further on. */
  async fromLines(first: Line): Promise<Record> {
    const row = new QuotedRow(this.#dialect.delimiter);
    const taken = [first];
    let length = first.text.length;
    let state = row.feed(first.text);
    while (state === "open" && length <= maxRowLength) {
      const line = this.#lines.take() ?? (await this.#lines.next());
      if (line === undefined) break;
      const { end } = taken.at(-1)!;
      taken.push(line);
      length += line.text.length + end.length;
      state = row.feed(line.text, end);
    }
    if (state !== "whole") {
      if (isRelaxed(this.#dialect)) return this.#asOneLine(taken);
      throw this.#refused(state, taken, taken[row.opened]!.number, length);
    }
    const decision = this.#judge(row, taken);
    if (decision === "unclear") throw this.#unclear(taken);
    return decision === "quoted" ? { line: first.number, cells: row.cells } : this.#asOneLine(taken);
  }

  /** Whether quotes enclose a cell of several lines, or these lines are rows of their own. */
  #judge({ cells }: QuotedRow, taken: readonly Line[]): "quoted" | "plain" | "unclear" {
    if (taken.length === 1 || this.#dialect.quotes === "csv" || this.width === undefined) return "quoted";
    const plain = taken.map(({ text }) => text.split(this.#dialect.delimiter));
    if (!isRelaxed(this.#dialect)) {
      return plain.every((row) => row.length === this.width) && shareNumbers(plain) ? "unclear" : "quoted";
    }
    if (cells.length !== this.width) return plain[0]!.length === this.width ? "plain" : "quoted";
    if (!plain.every((row) => row.length === this.width)) return "quoted";
    return shareNumbers(plain) ? "plain" : "unclear";
  }

  /** The first line as a row of its own, its unclosed quote as a character; the others are read again. */
  #asOneLine([first, ...others]: readonly Line[]): Record {
    this.#lines.unread(others);
    this.unclosed++;
    if (this.unclosedLines.length < shownRows) this.unclosedLines.push(first!.number);
    return { line: first!.number, cells: relaxedCells(first!.text, this.#dialect.delimiter).cells };
  }

  #refused(state: "open" | "stray", taken: readonly Line[], opened: number, length: number): TagformerError {
    const start = `the cell that starts on line ${opened}`;
    if (length > maxRowLength) {
      const limit = `${maxRowLength / 2 ** 20} MiB`;
      return this.#invalid(
        `${start} belongs to a row of more than ${limit}; most likely its quote is never closed`,
      );
    }
    if (state === "open") return this.#invalid(`${start} opens a quote that is never closed; ${plainAdvice}`);
    const last = taken.at(-1)!.number;
    const where =
      last > opened ? `${start} with a quote goes on to line ${last}, which has` : `line ${last} has`;
    return this.#invalid(
      `${where} a quote out of place; enclose the whole cell in quotes and double those inside: "a ""word"" here"; ${plainAdvice}`,
    );
  }

  #unclear(taken: readonly Line[]): TagformerError {
    const [first, last] = [taken[0]!.number, taken.at(-1)!.number];
    return this.#invalid(
      `a quote on line ${first} encloses everything up to line ${last}, but each of these lines is a row of ${this.width} cells as well; decide with the option quotes: csv reads one cell of ${taken.length} lines, none reads quotes as characters`,
    );
  }

  #invalid(problem: string): TagformerError {
    return invalidData(`${this.#file}: ${problem}`);
  }
}

const plainAdvice = "where quotes are mere characters of the text, say so with the option quotes: none";

/** Whether a column holds a number or a missing value on every line, so that the lines are rows more likely than a text. */
function shareNumbers(rows: readonly (readonly string[])[]): boolean {
  const isNumber = (cell: string) => /^\s*([+-]?\d+([.,]\d+)?|true|false|n\/?a|nan|null)\s*$/i.test(cell);
  return rows[0]!.some((_, column) => rows.every((row) => isNumber(row[column]!)));
}
