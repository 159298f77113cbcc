// Which columns hold the text and the id: named by the caller, or found in the first rows of the table.

import { invalidData, type TagformerError } from "../base/errors.js";
import type { BadRows } from "./bad-rows.js";
import { columnsOf, listNames, requireColumn } from "./column-names.js";
import { isLabelColumn } from "./label-columns.js";
import type { ColumnOptions } from "./options.js";
import type { Row } from "./row.js";

/** The first rows of a table, and all rows including them. */
export interface PeekedRows {
  readonly head: readonly Row[];
  readonly all: AsyncIterable<Row>;
}

/** Columns are found by what the first rows hold: this many, or fewer when their texts reach `peekedCharacters`. */
const peekedRows = 10_000;
const peekedCharacters = 64 * 2 ** 20;

/** Common names of text columns, the likeliest first. */
const textNames = [
  "text",
  "comment_text",
  "comment",
  "content",
  "body",
  "message",
  "sentence",
  "review",
  "document",
];

/**
 * Takes the rows by which columns are found from a stream of rows, which can be read only once.
 *
 * @throws TagformerError `INVALID_DATA` when there are none
 */
export async function peek(file: string, rows: AsyncGenerator<Row>, bad: BadRows): Promise<PeekedRows> {
  const head: Row[] = [];
  let characters = 0;
  while (head.length < peekedRows && characters < peekedCharacters) {
    const next = await rows.next();
    if (next.done) break;
    head.push(next.value);
    for (const cell of next.value.cells.values()) if (typeof cell === "string") characters += cell.length;
  }
  bad.requireRows(file, head.length);
  return { head, all: chain(head, rows) };
}

async function* chain(head: readonly Row[], rest: AsyncIterable<Row>): AsyncGenerator<Row> {
  yield* head;
  yield* rest;
}

/**
 * The id column: the one named, else `id`, else the first whose name ends in "id" and whose cells are all different. A column
 * named as one of labels is none, nor is one of 0 and 1 that repeats itself.
 */
export function findIdColumn(file: string, head: readonly Row[], options: ColumnOptions): string | undefined {
  const columns = columnsOf(head);
  if (options.id !== undefined) return requireColumn(file, columns, "id", options.id);
  const taken = takenColumns(options, [options.text]);
  const isUnique = (column: string) =>
    new Set(head.map((row) => String(row.cells.get(column)))).size === head.length;
  const free = columns.filter((column) => !taken.has(column));
  return (
    // A table that tagformer wrote for labels of which one is called id.
    free.find((column) => /^(row_)+id$/.test(column) && isUnique(column)) ??
    free.find(
      (column) => column.toLowerCase() === "id" && (isUnique(column) || !isLabelColumn(head, column)),
    ) ??
    free.find((column) => /id$/i.test(column) && isUnique(column) && !isLabelColumn(head, column))
  );
}

/**
 * The text column: the one named, else the only one, else one with a common name, else the one with the longest strings.
 *
 * @throws TagformerError `INVALID_OPTION` when the one named is not there, `INVALID_DATA` when none is found
 */
export function findTextColumn(
  file: string,
  head: readonly Row[],
  options: ColumnOptions,
  id: string | undefined,
): string {
  const columns = columnsOf(head);
  if (options.text !== undefined) return requireColumn(file, columns, "text", options.text);
  if (columns.length === 1) return columns[0]!;
  const taken = takenColumns(options, [id]);
  const lengths = columns
    .filter((column) => !taken.has(column) && !isLabelColumn(head, column))
    .map((column) => ({ column, length: stringLength(head, column) }))
    .filter(({ length }) => length > 0);
  for (const name of [...textNames, /[_ ]text$/]) {
    const isNamed = (column: string) => (typeof name === "string" ? column === name : name.test(column));
    const named = lengths.find(({ column }) => isNamed(column.toLowerCase()));
    if (named) return named.column;
  }
  const longest = lengths.sort((a, b) => b.length - a.length)[0];
  if (longest) return longest.column;
  throw notFound(file, columns, "no column of texts", "name it with the option text");
}

/** Columns that the options name for something else. */
function takenColumns(
  { labels = [], labelColumn, weight, group }: ColumnOptions,
  others: readonly (string | undefined)[],
): ReadonlySet<string | undefined> {
  // Beside a column of lists, `labels` are the names in the lists.
  return new Set([labelColumn, weight, group, ...others, ...(labelColumn === undefined ? labels : [])]);
}

/** The column that an option names, if it names one; see {@link requireColumn}. */
export function findNamedColumn(
  file: string,
  head: readonly Row[],
  option: "weight" | "group",
  options: ColumnOptions,
): string | undefined {
  const column = options[option];
  return column === undefined ? undefined : requireColumn(file, columnsOf(head), option, column);
}

/** All characters of a column's strings, numbers left out. */
function stringLength(head: readonly Row[], column: string): number {
  let length = 0;
  for (const { cells } of head) {
    const cell = cells.get(column);
    if (typeof cell === "string" && Number.isNaN(Number(cell))) length += cell.length;
  }
  return length;
}

function notFound(file: string, columns: readonly string[], what: string, advice: string): TagformerError {
  return invalidData(`${file} has ${what}; ${advice} (its columns: ${listNames(columns, 20)})`);
}
