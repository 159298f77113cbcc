// The rows of a table in any format.
import type { BadRows } from "./bad-rows.js";
import { invalidElement, readJsonElements } from "./json-array.js";
import { parseJson } from "./json-values.js";
import type { TableOptions } from "./options.js";
import type { Row } from "./row.js";
import { firstCharacter, type TableSource } from "./source.js";
import { readTextTable } from "./table.js";

/**
 * Streams the rows of a table; memory does not depend on its size.
 *
 * @param options of delimited text
 * @param bad receives rows that cannot be used, and the number of characters that are not UTF-8, where they are to be replaced
 * @throws TagformerError `IO` or `INVALID_DATA` for what cannot be read as a table at all; the signal's reason when it is
 * aborted
 */
export async function* readRows(
  source: TableSource,
  bad: BadRows,
  signal?: AbortSignal,
  options: TableOptions = {},
): AsyncGenerator<Row> {
  const { format } = source;
  bad.header = undefined;
  if (format === "json") yield* readJson(source, bad, signal);
  else if (format === "parquet") {
    // Its reader is large, and most processes never need it.
    const { readParquetRows } = await import("./parquet/rows.js");
    yield* readParquetRows(source, bad, signal);
  } else yield* readTextTable(source, format, bad, signal, options);
}

/** An array of objects; what begins with an object is JSON Lines under another name, as some libraries write it. */
async function* readJson(source: TableSource, bad: BadRows, signal?: AbortSignal): AsyncGenerator<Row> {
  const { character, replay } = await firstCharacter(source, signal);
  if (character === "{") {
    yield* readTextTable(replay, "jsonl", bad, signal);
    return;
  }
  let empty = true;
  for await (const element of readJsonElements(replay, { onReplaced: bad.onReplaced, signal })) {
    empty = false;
    const value = parseJson(element.text);
    if (value instanceof Error) throw invalidElement(source.name, element, value.message);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const problem = `holds ${element.text.slice(0, 40)}; expected an object, such as {"text": "..."}`;
      bad.report(source.name, element.row, problem, "row");
    } else {
      yield { line: element.row, unit: "row", cells: new Map(Object.entries(value)) };
    }
  }
  if (empty) bad.requireRows(source.name, 0);
}
