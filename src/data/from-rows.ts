// Labelled examples from the objects of a program.

import { invalidData } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { BadRows, type OnBadRow } from "./bad-rows.js";
import { untilAborted } from "./cancellation.js";
import { isObject, showCell } from "./cell.js";
import type { LabelFormat } from "./list-notation.js";
import { rowsOptions } from "./options.js";
import { collectDataset, type ReadResult, resolveLabelNames } from "./read.js";
import type { Row } from "./row.js";

/**
 * The names of a row's fields that may hold a `Value`; every name, where the row's type does not say which fields it has.
 */
export type FieldOf<R, Value = unknown> = {
  [K in keyof R & string]-?: unknown extends R[K]
    ? K
    : [Extract<NonNullable<R[K]>, Value>] extends [never]
      ? never
      : K;
}[keyof R & string];

/** Options of {@link datasetFromRows}; `R` is the type of a row, and `Label` that of the names in `labels`. */
export interface RowsOptions<R, Label extends string = string> {
  /** The field of the text; found by its name or content unless given. */
  readonly text?: FieldOf<R, string> | undefined;
  /**
   * What is a label. Names: each is a field that holds 0, 1, true, false or a value between, or, where the labels of a row are
   * in one field, a name that occurs there; their order is the order of the labels. One string: the field that holds the
   * labels of a row. Not given: found.
   */
  readonly labels?: readonly Label[] | FieldOf<R, object> | undefined;
  /** The field that holds the labels of a row, where `labels` has their names. */
  readonly labelColumn?: FieldOf<R, object> | undefined;
  /** The field that identifies rows; one that is called `id` unless given. */
  readonly id?: FieldOf<R> | undefined;
  /** The field of the rows' weights in the loss. */
  readonly weight?: FieldOf<R, number | string> | undefined;
  /** The field that says what a row belongs to, such as its author, for splits that keep such rows together. */
  readonly group?: FieldOf<R> | undefined;
  /** What separates names, where the labels of a row are one text; told by the first rows unless given. */
  readonly labelSeparator?: string | undefined;
  /** What the lists of labels hold; told by the first rows unless given. */
  readonly labelFormat?: LabelFormat | undefined;
  /** A file with the names of the labels, for lists of ids; see {@link ColumnOptions}. */
  readonly labelNames?: string | undefined;
  /** What to do with rows that cannot be used: `error` (the default), or `skip` and count them. */
  readonly onBadRow?: OnBadRow | undefined;
  /** What messages, reports and the model card call these rows; `rows` unless given. */
  readonly name?: string | undefined;
  /** Receives a sentence for everything that was found and not told, such as the field of the text. */
  readonly onNote?: ((sentence: string) => void) | undefined;
  /** Ends the reading, also while a row is awaited; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The dataset of rows that a program has: an array, a database cursor, any iterable of objects, asynchronous or not. Rows are
 * taken one by one. The labels of a row are fields of their own, the names of those that are set, or an object that gives
 * each its value:
 *
 * ```ts
 * { text: "Where is my parcel?", delivery: 1, refund: 0 }
 * { text: "Where is my parcel?", labels: ["delivery"] }
 * { text: "Where is my parcel?", labels: { delivery: 0.9 } }
 * ```
 *
 * What a list or object does not name is not set. A field that is `null` or not there is a missing label, and so are all
 * labels of a row whose list or object is. Names in `labels` that are written out are the type of the dataset's labels.
 *
 * @example
 * ```ts
 * const tickets = [
 *   { subject: "Where is my parcel?", tags: ["delivery"] },
 *   { subject: "I want my money back.", tags: ["refund"] },
 * ];
 * const { dataset } = await datasetFromRows(tickets, { text: "subject", labels: "tags" });
 * ```
 * @throws TagformerError `INVALID_DATA` with the number of the row, from 1, and the field; `INVALID_OPTION`; what the iterable
 * throws; the signal's reason when it is aborted
 */
export async function datasetFromRows<R extends object, Label extends string = string>(
  rows: Iterable<R> | AsyncIterable<R>,
  options: RowsOptions<R, Label> = {},
): Promise<ReadResult<Label>> {
  const { name, labels, labelColumn, onBadRow, onNote, signal, ...fields } = parseOptions(
    rowsOptions,
    options,
  );
  requireIterable(name, rows);
  const bad = new BadRows(onBadRow, "error", onNote);
  const columns = {
    ...fields,
    ...(typeof labels === "string" ? { labelColumn: labels } : { labels, labelColumn }),
  };
  const resolved = await resolveLabelNames(columns, signal);
  return await collectDataset<Label>(name, readObjects(name, rows, bad, signal), resolved, bad);
}

function requireIterable(name: string, rows: unknown): void {
  const isIterable =
    typeof rows === "object" && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows);
  if (isIterable) return;
  throw invalidData(`${name}: found ${showCell(rows)}; expected an array or iterable of objects`);
}

async function* readObjects(
  name: string,
  objects: Iterable<object> | AsyncIterable<object>,
  bad: BadRows,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row> {
  let line = 0;
  for await (const object of untilAborted<unknown>(objects, signal)) {
    line++;
    if (isObject(object)) {
      yield {
        line,
        unit: "row",
        cells: new Map(Object.entries(object).map(([field, value]) => [field, cellOf(value)])),
      };
    } else {
      bad.report(name, line, `is ${showCell(object)}; expected an object, such as { text: "..." }`, "row");
    }
  }
}

/** A value as JSON has it: dates as text, and whole numbers beyond those that JavaScript counts exactly as their digits. */
function cellOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  return value;
}
