// Tables in which a row is one line or several: CSV, TSV, JSON Lines and plain lines of text.
import { pipeline } from "node:stream";
import { CsvError, type Options, type Parser, parse } from "csv-parse";
import { messageOf, TagformerError } from "../errors.js";
import type { BadRows } from "./bad-rows.js";
import { type ByteSource, LineIndex, readUtf8 } from "./bytes.js";
import type { Row } from "./row.js";

/** A row longer than this is taken for a quote that was never closed, before it fills the memory. */
const maxRowBytes = 16 * 2 ** 20;

const dialects: Readonly<Record<TextFormat, Options>> = {
  csv: { delimiter: "," },
  // Many TSV files are written without any quoting: a quote that does not enclose a whole cell is a character of the text.
  tsv: { delimiter: "\t", relax_quotes: true },
  // A line is a row of a single cell: nothing is quoted, and the separator is the one character that no text holds.
  jsonl: { delimiter: "\0", quote: null, escape: null },
  txt: { delimiter: "\0", quote: null, escape: null, skip_empty_lines: false },
};

/** The formats that {@link readTextTable} reads. */
export type TextFormat = "csv" | "tsv" | "jsonl" | "txt";

/**
 * Streams the rows of CSV, TSV or JSON Lines, or lines of text as the column `text`. Memory does not depend on the table's
 * size. The first row of CSV and TSV names the columns; columns without a name are ignored, and so are blank lines where a
 * line is not a text.
 *
 * @param bad receives rows with the wrong number of cells, lines that are not a JSON object, and the number of characters
 * that are not UTF-8, where they are to be replaced
 * @throws TagformerError `IO` or `INVALID_DATA` for what cannot be read as a table at all: empty, not UTF-8, with a quote out
 * of place (the rows behind it cannot be told apart) or two columns of one name
 */
export async function* readTextTable(
  source: ByteSource,
  format: TextFormat,
  bad: BadRows,
  signal?: AbortSignal,
): AsyncGenerator<Row> {
  const file = source.name;
  const records = readRecords(source, dialects[format], bad, signal);
  if (format === "txt") yield* readTextLines(records);
  else if (format === "jsonl") yield* readJsonRows(file, records, bad);
  else yield* readCsvRows(file, records, bad);
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

async function* readTextLines(records: AsyncIterable<CsvRecord>): AsyncGenerator<Row> {
  for await (const { line, cells } of records) yield { line, cells: new Map([["text", cells[0]]]) };
}

async function* readCsvRows(
  file: string,
  records: AsyncIterable<CsvRecord>,
  bad: BadRows,
): AsyncGenerator<Row> {
  let columns: readonly string[] | undefined;
  for await (const { line, cells } of records) {
    if (columns === undefined) {
      columns = readHeader(file, cells);
    } else if (cells.length !== columns.length) {
      bad.report(file, line, `expected ${columns.length} cells, as in the header, but found ${cells.length}`);
    } else {
      const named = new Map<string, string>();
      for (const [i, column] of columns.entries()) if (column !== "") named.set(column, cells[i]!);
      yield { line, cells: named };
    }
  }
  if (columns === undefined)
    throw invalid(file, "is empty; expected a first row with the names of the columns");
}

function readHeader(file: string, cells: readonly string[]): string[] {
  const columns = cells.map((cell) => cell.trim());
  const twice = columns.find((column, i) => column !== "" && columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw invalid(
      file,
      `has two columns named ${JSON.stringify(twice)}; every column needs a name of its own`,
    );
  }
  return columns;
}

async function* readJsonRows(
  file: string,
  records: AsyncIterable<CsvRecord>,
  bad: BadRows,
): AsyncGenerator<Row> {
  let empty = true;
  for await (const { line, cells } of records) {
    const text = cells[0]!;
    if (text.trim() === "") continue;
    empty = false;
    const value = parseJson(text);
    if (value instanceof Error) {
      bad.report(file, line, `is not valid JSON (${value.message})`);
    } else if (typeof value !== "object" || value === null || Array.isArray(value)) {
      bad.report(file, line, `holds ${text.slice(0, 40)}; expected a JSON object, such as {"text": "..."}`);
    } else {
      yield { line, cells: new Map(Object.entries(value)) };
    }
  }
  if (empty) throw invalid(file, "is empty; expected one JSON object on each line");
}

/** A JSON value, in which Python may have written a missing number as NaN; the error, where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // JSON does not know NaN. Strings are matched so that they stay as they are.
    const standard = text.replace(
      /("[^"\\]*(?:\\.[^"\\]*)*")|\bNaN\b/g,
      (_, string?: string) => string ?? "null",
    );
    return standard === text ? (error as Error) : parseJson(standard);
  }
}

async function* readRecords(
  source: ByteSource,
  dialect: Options,
  bad: BadRows,
  signal?: AbortSignal,
): AsyncGenerator<CsvRecord> {
  const lines = new LineIndex();
  const parser: Parser = parse({
    bom: true,
    // Files with several kinds of line breaks exist, so nothing is concluded from the first.
    record_delimiter: ["\r\n", "\n", "\r"],
    // Told here and not there, so that such a row can be left out.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
    info: true,
    ...dialect,
  });
  // The callback has nothing to do: an error of either side ends the loop below.
  pipeline(readUtf8(source, lines, { onReplaced: bad.onReplaced, signal }), parser, () => {});
  // csv-parse counts a CR LF inside quotes as two lines (version 7.0.3), so lines are looked up by byte. Blank lines between
  // two rows belong to neither: they lie behind the end of the one and before the start of the other.
  let end = 0;
  let blank = 0;
  const lineAt = (at: { bytes: number; empty_lines: number }) =>
    lines.lineAt(at.bytes) + (at.bytes === end ? at.empty_lines - blank : 0);
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: Parser["info"];
    }>) {
      yield { line: lineAt({ bytes: end, empty_lines: info.empty_lines }), cells: record };
      end = info.bytes;
      blank = info.empty_lines;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const at = error as unknown as Parser["info"];
    throw invalid(source.name, `the cell that starts on line ${lineAt(at)} ${problemOf(error)}`, error);
  }
}

function problemOf(error: CsvError): string {
  switch (error.code as string) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "opens a quote that is never closed";
    case "CSV_MAX_RECORD_SIZE":
      return `belongs to a row of more than ${maxRowBytes / 2 ** 20} MiB; most likely its quote is never closed`;
    case "CSV_INVALID_CLOSING_QUOTE":
    case "INVALID_OPENING_QUOTE":
      return 'has a quote out of place; enclose the whole cell in quotes and double those inside: "a ""word"" here"';
    default:
      return `cannot be read: ${messageOf(error)}`;
  }
}

function invalid(file: string, problem: string, cause?: unknown): TagformerError {
  return new TagformerError("INVALID_DATA", `${file}: ${problem}`, { cause });
}
