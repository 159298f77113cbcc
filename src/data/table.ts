// Tables in which a row is one line or several: delimited text, JSON Lines and plain lines of text.

import { invalidData } from "../base/errors.js";
import type { BadRows } from "./bad-rows.js";
import { type ByteSource, LineCounter, readUtf8 } from "./bytes.js";
import { readDelimited } from "./delimited.js";
import { findDialect, parseDelimiter, sampledCharacters, sampledLines } from "./dialect.js";
import { isFastTextTable, readFastTextRows } from "./fasttext.js";
import { madeUpNames, readHeader, widthFault } from "./header.js";
import { parseJson } from "./json-values.js";
import { type Line, LineReader } from "./lines.js";
import type { TableOptions } from "./options.js";
import type { Row } from "./row.js";

/** The formats that {@link readTextTable} reads. */
export type TextFormat = "csv" | "tsv" | "jsonl" | "txt";

/**
 * Streams the rows of delimited text or JSON Lines, or lines of text, unless a delimiter is given, as the column `text`, with
 * fastText's labels as the column `labels`. Memory does not depend on the table's size. The first row of delimited text names the columns; columns without a name are ignored, and so
 * are blank lines where a line is not a text.
 *
 * @param bad receives rows with the wrong number of cells, lines that are not a JSON object, the number of characters that are
 * not UTF-8, where they are to be replaced, and sentences about how the table was understood
 * @throws TagformerError `IO` or `INVALID_DATA` for what cannot be read as a table at all: empty, not UTF-8, with a quote out
 * of place (the rows behind it cannot be told apart) or two columns of one name; `INVALID_OPTION`
 */
export async function* readTextTable(
  source: ByteSource,
  format: TextFormat,
  bad: BadRows,
  signal?: AbortSignal,
  options: TableOptions = {},
): AsyncGenerator<Row> {
  if (options.delimiter !== undefined) parseDelimiter(options.delimiter);
  const file = source.name;
  const bytes = readUtf8(source, new LineCounter(), { onReplaced: bad.onReplaced, signal });
  const lines = new LineReader(file, bytes);
  try {
    if (format === "jsonl") yield* readJsonRows(file, lines, bad);
    else if (format === "txt" && options.delimiter === undefined) yield* readTextLines(file, lines, bad);
    else yield* readDelimitedRows(file, lines, format === "tsv" ? "\t" : ",", options, bad);
  } finally {
    await lines.close();
  }
}

async function* readTextLines(file: string, lines: LineReader, bad: BadRows): AsyncGenerator<Row> {
  if (isFastTextTable(await lines.peek(sampledLines, sampledCharacters))) {
    yield* readFastTextRows(file, linesOf(lines), bad);
    return;
  }
  for await (const { number, text } of linesOf(lines))
    yield { line: number, cells: new Map([["text", text]]) };
}

async function* readDelimitedRows(
  file: string,
  lines: LineReader,
  usual: string,
  options: TableOptions,
  bad: BadRows,
): AsyncGenerator<Row> {
  const asked = options.delimiter === undefined ? undefined : parseDelimiter(options.delimiter);
  const dialect = await findDialect(file, lines, usual, asked, options.quotes ?? "auto", bad);
  let columns: readonly string[] | undefined;
  for await (const { line, cells } of readDelimited(file, lines, dialect, bad)) {
    if (columns === undefined) {
      if (options.header !== false) {
        columns = readHeader(file, cells);
        bad.header = line;
        continue;
      }
      columns = madeUpNames(cells.length);
    }
    if (cells.length !== columns.length) {
      bad.report(file, line, widthFault(columns, cells.length, dialect.delimiter));
      continue;
    }
    const named = new Map<string, string>();
    for (const [i, column] of columns.entries()) if (column !== "") named.set(column, cells[i]!);
    yield { line, cells: named };
  }
  if (columns === undefined)
    throw invalidData(`${file}: is empty; expected a first row with the names of the columns`);
}

async function* readJsonRows(file: string, lines: LineReader, bad: BadRows): AsyncGenerator<Row> {
  let empty = true;
  for await (const { number, text } of linesOf(lines)) {
    if (text.trim() === "") continue;
    empty = false;
    const value = parseJson(text);
    if (value instanceof Error) {
      bad.report(file, number, `is not valid JSON (${value.message})`);
    } else if (typeof value !== "object" || value === null || Array.isArray(value)) {
      bad.report(file, number, `holds ${text.slice(0, 40)}; expected a JSON object, such as {"text": "..."}`);
    } else {
      yield { line: number, cells: new Map(Object.entries(value)) };
    }
  }
  if (empty) throw invalidData(`${file}: is empty; expected one JSON object on each line`);
}

async function* linesOf(lines: LineReader): AsyncGenerator<Line> {
  for (;;) {
    const line = lines.take() ?? (await lines.next());
    if (line === undefined) return;
    yield line;
  }
}
