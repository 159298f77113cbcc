// Which columns hold the text, the id and the labels: named by the caller, or found in the first rows of the table.
import { TagformerError } from "../errors.js";
import { didYouMean } from "../suggestion.js";
import type { BadRows } from "./bad-rows.js";
import { isBlank, parseLabel } from "./labels.js";
import type { Row } from "./row.js";

/** The columns to read; what is not named is found. */
export interface ColumnOptions {
  /** The column of the text. */
  readonly text?: string | undefined;
  /** The column that identifies rows. */
  readonly id?: string | undefined;
  /**
   * The label columns, each 0 or 1; their order is the order of the labels. Together with `labelColumn`: the names that its
   * lists may hold.
   */
  readonly labels?: readonly string[] | undefined;
  /** Whose labels `labels` are, for messages: `the model`, or by default the option's. */
  readonly labelsOf?: string | undefined;
  /** One column that lists the names of the labels that are set. */
  readonly labelColumn?: string | undefined;
  /** The column of the rows' weights in the loss. */
  readonly weight?: string | undefined;
  /** The column that says what a row belongs to, such as its author, for splits that keep such rows together. */
  readonly group?: string | undefined;
}

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
 * A column is one of labels when this share of its filled cells are. Not all of them: a column with a typing error in it must
 * end in an error that shows the cell, and not silently count as something else.
 */
const labelShare = 0.9;

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

/** The id column: the one named, else `id`, else the first whose name ends in "id" and whose cells are all different. */
export function findIdColumn(file: string, head: readonly Row[], options: ColumnOptions): string | undefined {
  const columns = columnsOf(head);
  if (options.id !== undefined) return requireColumn(file, columns, "id", options.id);
  const isUnique = (column: string) => new Set(head.map((row) => row.cells.get(column))).size === head.length;
  return (
    columns.find((column) => column.toLowerCase() === "id") ??
    columns.find((column) => /id$/i.test(column) && isUnique(column) && !isLabelColumn(head, column))
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
  const taken = new Set([id, options.labelColumn, options.weight, options.group, ...(options.labels ?? [])]);
  const lengths = columns
    .filter((column) => !taken.has(column) && !isLabelColumn(head, column))
    .map((column) => ({ column, length: stringLength(head, column) }))
    .filter(({ length }) => length > 0);
  for (const name of textNames) {
    const named = lengths.find(({ column }) => column.toLowerCase() === name);
    if (named) return named.column;
  }
  const longest = lengths.sort((a, b) => b.length - a.length)[0];
  if (longest) return longest.column;
  throw notFound(file, columns, "no column of texts", "name it with the option text");
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

/**
 * The label columns: those named, else every column of 0 and 1 besides `taken`, in the table's order.
 *
 * @throws TagformerError `INVALID_OPTION` when one that is named is not there or named twice, `INVALID_DATA` when none is
 * found
 */
export function findLabelColumns(
  file: string,
  head: readonly Row[],
  options: ColumnOptions,
  taken: readonly (string | undefined)[],
): readonly string[] {
  const columns = columnsOf(head);
  if (options.labels !== undefined) {
    for (const label of options.labels) {
      if (options.labelsOf === undefined) requireColumn(file, columns, "labels", label);
      else if (!columns.includes(label)) throw noColumnFor(label, options.labelsOf, file, columns);
    }
    return options.labels;
  }
  const found = columns.filter((column) => !taken.includes(column) && isLabelColumn(head, column));
  if (found.length > 0) return found;
  const advice = "name label columns with the option labels, or a column of lists with labelColumn";
  throw notFound(file, columns, "no label column, which holds 0 and 1", advice);
}

/** @throws TagformerError `INVALID_OPTION` with the nearest name, when there is no such column */
export function requireColumn(
  file: string,
  columns: readonly string[],
  option: string,
  column: string,
): string {
  if (columns.includes(column)) return column;
  const problem = `option ${option} names the column ${JSON.stringify(column)}, which ${file} does not have`;
  throw new TagformerError("INVALID_OPTION", problem + didYouMean(column, columns));
}

function noColumnFor(label: string, owner: string, file: string, columns: readonly string[]): TagformerError {
  const problem = `${file} has no column for the label ${JSON.stringify(label)} of ${owner}`;
  return new TagformerError("INVALID_DATA", `${problem}${didYouMean(label, columns)}`);
}

/** Every column of the given rows, in order. */
export function columnsOf(head: readonly Row[]): string[] {
  return [...new Set(head.flatMap((row) => [...row.cells.keys()]))];
}

/** Whether nearly all filled cells of a column are labels. */
export function isLabelColumn(head: readonly Row[], column: string): boolean {
  const cells = head.map((row) => row.cells.get(column)).filter((cell) => !isBlank(cell));
  const labels = cells.filter((cell) => parseLabel(cell) !== undefined);
  return cells.length > 0 && labels.length >= labelShare * cells.length;
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
  return new TagformerError(
    "INVALID_DATA",
    `${file} has ${what}; ${advice} (its columns: ${columns.join(", ")})`,
  );
}
