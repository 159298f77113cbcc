// Tables in, labelled examples or chunks of texts out.

import { invalidData } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { BadRows, type SkippedRow } from "./bad-rows.js";
import { showCell } from "./cell.js";
import { columnsOf } from "./column-names.js";
import { type ColumnRoles, describeColumns, unusedColumns } from "./column-notes.js";
import type { ResolvedColumnOptions } from "./column-options.js";
import { findIdColumn, findNamedColumn, findTextColumn, peek } from "./columns.js";
import { CompressedTexts } from "./compressed-texts.js";
import type { Dataset } from "./dataset.js";
import { GrowingArray } from "./growing-array.js";
import { headerDoubt } from "./header.js";
import { isNumberValue } from "./json-values.js";
import { JoinedReader, type LabelFile, readLabelFile, requireIdColumn } from "./label-file.js";
import type { LabelReader } from "./label-matrix.js";
import { readLabelNames } from "./label-names.js";
import { labelReader } from "./label-readers.js";
import { checkListOptions } from "./list-notation.js";
import {
  type ColumnOptions,
  type ReadDatasetOptions,
  type ReadTextsOptions,
  type ResolvedReadDatasetOptions,
  type ResolvedReadTextsOptions,
  readDatasetOptions,
  readTextsOptions,
} from "./options.js";
import type { Row, RowUnit } from "./row.js";
import { readRows } from "./rows.js";
import { dropUnlabelled } from "./select-rows.js";
import { isInShard } from "./shard.js";
import { type TableSource, type TableStream, tableSource } from "./source.js";

/** The columns in which {@link readDataset} found text and id. */
export interface ReadColumns {
  /** The column of the text. */
  readonly text: string;
  /** The column that identifies rows; absent when there is none. */
  readonly id?: string;
  /** Columns that hold nothing that was asked for. */
  readonly unused: readonly string[];
}

/** What {@link readDataset} found. `Label` is the names of the labels, where they were asked for. */
export interface ReadResult<Label extends string = string> {
  /** The rows that can be used. */
  readonly dataset: Dataset<Label>;
  /** The names of the columns that were read. */
  readonly columns: ReadColumns;
  /** Some of the rows that could not be used, at most five. */
  readonly skipped: readonly SkippedRow[];
  /** Number of rows that could not be used. */
  readonly skippedCount: number;
  /** Number of characters (U+FFFD) that were put in place of bytes that are not UTF-8. */
  readonly replacedCharacters: number;
  /** Rows that were left out because all of their labels are missing. */
  readonly droppedUnlabelled: number;
  /** Rows of the label file that belong to no text. */
  readonly unusedLabelRows: number;
}

/** One row of {@link readTexts}. */
export interface TextRow {
  /** The cell of the id column; without one, the row's number from 1. */
  readonly id: string;
  /** The cell of the text column, as it stands. */
  readonly text: string;
  /** The line on which the row starts, or in JSON and Parquet the row's number; from 1. */
  readonly line: number;
}

const chunkRows = 1024;

/**
 * Reads a table into memory: texts, labels, and ids where there is an id column. Columns that are not named are found by
 * their names and by what the first rows hold; `onNote` receives what was found.
 *
 * @param input the path of a file whose name ends in `.csv`, `.tsv`, `.jsonl`, `.ndjson` or `.json` (an array of objects),
 * each also with `.gz` behind it, or in `.parquet`; or a stream of such a file's bytes, packed with gzip or not. A stream of Parquet
 * is kept in a temporary file, because Parquet is read from its end
 * @throws TagformerError `IO`, `INVALID_OPTION` or `INVALID_DATA`, with file, line and column where there are such; the
 * signal's reason when it is aborted
 */
export async function readDataset<Label extends string = string>(
  input: string | TableStream,
  options: ReadDatasetOptions<Label> = {},
): Promise<ReadResult<Label>> {
  return await readTable<Label>(input, parseOptions(readDatasetOptions, options));
}

/** @param options with whose labels `labels` are, where a caller of ours knows */
export async function readTable<Label extends string = string>(
  input: string | TableStream,
  options: ResolvedReadDatasetOptions & Pick<ResolvedColumnOptions, "labelsOf">,
): Promise<ReadResult<Label>> {
  const { labelFile, signal } = options;
  const source = tableSource(input, options.format);
  const bad = new BadRows(options.onBadRow, options.encodingErrors, options.onNote);
  const resolved = await resolveLabelNames(options, signal);
  const apart = labelFile === undefined ? undefined : await readLabelFile(labelFile, resolved, bad, signal);
  return collectDataset(source.name, readRows(source, bad, signal, options), resolved, bad, apart);
}

/**
 * The dataset of a stream of rows, which is closed in the end.
 *
 * @typeParam Label the names of the labels, if `options` say them
 * @param path what messages call the rows
 * @param apart the labels, when they are not in the rows
 */
export async function collectDataset<Label extends string = string>(
  path: string,
  stream: AsyncGenerator<Row>,
  options: ResolvedColumnOptions,
  bad: BadRows,
  apart?: LabelFile,
): Promise<ReadResult<Label>> {
  try {
    checkListOptions(options);
    const { head, all } = await peek(path, stream, bad);
    doubtHeader(path, head, bad);
    // The options about labels speak of the label file, where there is one.
    const own = apart ? { ...options, labels: undefined, labelColumn: undefined } : options;
    const id = apart ? requireIdColumn(path, head, own) : findIdColumn(path, head, own);
    const text = findTextColumn(path, head, own, id);
    const weight = findNamedColumn(path, head, "weight", options);
    const group = findNamedColumn(path, head, "group", options);
    const labels = apart
      ? new JoinedReader(path, apart, id!, bad.mode === "skip")
      : labelReader(path, head, options, [text, id, weight, group], bad);
    const columns = columnsOf(head);
    const roles = { text, id, weight, group, labels: labels.columns };
    noteColumns(path, head, roles, bad);
    const rows = await collect(path, all, { text, id, weight, group }, labels, bad);
    const { names, values } = labels.finish();
    const labelNames = names as readonly Label[]; // those that were asked for, in that order
    bad.requireRows(path, rows.texts.length);
    requireWeight(path, weight, rows.weights);
    const { dataset, dropped } = dropUnlabelled({ source: path, labelNames, labels: values, ...rows });
    if (dataset.texts.length === 0) {
      throw invalidData(`in ${path} all labels of all ${dropped} rows are missing`);
    }
    return {
      dataset,
      columns: { text, ...(id !== undefined && { id }), unused: unusedColumns(columns, roles) },
      skipped: bad.skipped,
      skippedCount: bad.skippedCount,
      replacedCharacters: bad.replacedCharacters,
      droppedUnlabelled: dropped,
      unusedLabelRows: labels instanceof JoinedReader ? labels.unused : 0,
    };
  } finally {
    await stream.return(undefined);
  }
}

/**
 * Streams the texts of a table in chunks, for prediction: memory does not depend on the file's size. `-` reads standard
 * input, and a `.txt` file is read in the same way: every line is a text, blank ones too, unless lines begin with fastText's
 * labels, which are then no part of it.
 *
 * @throws TagformerError as {@link readDataset}; a row that cannot be used is always an error
 */
export async function* readTexts(
  input: string | TableStream,
  given: ReadTextsOptions = {},
): AsyncGenerator<readonly TextRow[]> {
  const options = parseOptions(readTextsOptions, given);
  const source = tableSource(input, options.format);
  const path = source.name;
  const bad = new BadRows("error", options.encodingErrors, options.onNote);
  const stream = readRows(source, bad, options.signal, options);
  try {
    const { head, all } = await peek(path, stream, bad);
    doubtHeader(path, head, bad);
    const id = findIdColumn(path, head, options);
    const text = findTextColumn(path, head, options, id);
    noteColumns(path, head, { text, id }, bad);
    let chunk: TextRow[] = [];
    for await (const { number, row } of shardOf(source, all, bad, options)) {
      const fault = textFault(row, text);
      if (fault !== undefined) bad.report(path, row.line, fault, row.unit);
      chunk.push({
        id: id === undefined ? String(number) : idOf(row, id),
        text: textOf(row, text),
        line: row.line,
      });
      if (chunk.length < chunkRows) continue;
      yield chunk;
      chunk = [];
    }
    if (chunk.length > 0) yield chunk;
    options.onReplaced?.(bad.replacedCharacters);
  } finally {
    await stream.return(undefined);
  }
}

/** The rows to read, each with its number in the table, from 1. The columns are those of the whole table in every shard. */
async function* shardOf(
  source: TableSource,
  all: AsyncIterable<Row>,
  bad: BadRows,
  { shard, signal }: ResolvedReadTextsOptions,
): AsyncGenerator<{ readonly number: number; readonly row: Row }> {
  if (shard !== undefined && source.format === "parquet" && source.file !== undefined) {
    const { readParquetRows } = await import("./parquet/rows.js");
    bad.replacedCharacters = 0; // the first rows are read again, where they belong to the shard
    for await (const row of readParquetRows(source, bad, signal, shard)) yield { number: row.line, row };
    return;
  }
  let number = 0;
  for await (const row of all) {
    if (shard === undefined || isInShard(shard, number)) yield { number: number + 1, row };
    number++;
  }
}

/** Says which column is what, unless there is but one and nothing else could be meant, as in lines of text. */
function noteColumns(file: string, head: readonly Row[], roles: ColumnRoles, bad: BadRows): void {
  const columns = columnsOf(head);
  if (bad.header === undefined && columns.length === 1) return;
  bad.note(describeColumns(file, bad.header, columns, roles));
}

/** Says so when the header looks like a row of data. */
function doubtHeader(file: string, head: readonly Row[], bad: BadRows): void {
  if (bad.header === undefined) return;
  const cells = new Map(columnsOf(head).map((name) => [name, head.map((row) => row.cells.get(name))]));
  const doubt = headerDoubt(file, bad.header, cells);
  if (doubt !== undefined) bad.note(doubt);
}

/** The options with the labels that a file names, which are all labels unless some are given. */
export async function resolveLabelNames<T extends ColumnOptions>(
  options: T,
  signal: AbortSignal | undefined,
): Promise<T & ResolvedColumnOptions> {
  if (options.labelNames === undefined) return options;
  const { names, ids } = await readLabelNames(options.labelNames, signal);
  return { ...options, labels: options.labels ?? names, labelIds: ids };
}

type Texts = Pick<Dataset, "texts" | "ids" | "weights" | "groups" | "lines" | "lineUnit">;

interface Columns {
  readonly text: string;
  readonly id: string | undefined;
  readonly weight: string | undefined;
  readonly group: string | undefined;
}

async function collect(
  path: string,
  rows: AsyncIterable<Row>,
  { text, id, weight, group }: Columns,
  labels: LabelReader,
  bad: BadRows,
): Promise<Texts> {
  const texts = new CompressedTexts();
  const ids = new CompressedTexts();
  const lines = new GrowingArray((length) => new Int32Array(length));
  const weights = new GrowingArray((length) => new Float32Array(length));
  const groups = new CompressedTexts();
  let unit: RowUnit | undefined;
  for await (const row of rows) {
    const fault = textFault(row, text) ?? weightFault(row, weight) ?? labels.add(row);
    if (fault !== undefined) {
      bad.report(path, row.line, fault, row.unit);
      continue;
    }
    texts.push(textOf(row, text));
    if (id !== undefined) ids.push(idOf(row, id));
    if (weight !== undefined) weights.push(Number(row.cells.get(weight)));
    if (group !== undefined) groups.push(idOf(row, group));
    lines.push(row.line);
    unit = row.unit;
  }
  return {
    texts,
    lines: lines.toArray(),
    ...(unit && { lineUnit: unit }),
    ...(id !== undefined && { ids }),
    ...(weight !== undefined && { weights: weights.toArray() }),
    ...(group !== undefined && { groups }),
  };
}

/** @throws TagformerError `INVALID_DATA` when all rows weigh nothing */
function requireWeight(file: string, column: string | undefined, weights: Float32Array | undefined): void {
  if (column === undefined || weights?.some((weight) => weight > 0)) return;
  throw invalidData(
    `${file}: column ${JSON.stringify(column)} gives every row the weight 0, so that nothing would be learned; expected a weight above 0 in some rows`,
  );
}

/** Why a row's weight cannot be used. */
function weightFault({ cells }: Row, column: string | undefined): string | undefined {
  if (column === undefined) return undefined;
  const cell = cells.get(column);
  const isNumber = (typeof cell === "string" && cell.trim() !== "") || isNumberValue(cell);
  if (isNumber && Number(cell) >= 0 && Number.isFinite(Number(cell))) return undefined;
  return `column ${JSON.stringify(column)} holds ${showCell(cell)}; expected a weight, which is a number from 0`;
}

/** Why a row's text cannot be used; only JSON Lines has cells that are no strings. */
function textFault({ cells }: Row, column: string): string | undefined {
  const cell = cells.get(column);
  if (typeof cell === "string") return undefined;
  const found = cell === undefined ? "is not there" : `holds ${showCell(cell)}`;
  return `column ${JSON.stringify(column)} ${found}; expected a string`;
}

function textOf({ cells }: Row, column: string): string {
  return cells.get(column) as string;
}

function idOf({ cells }: Row, column: string): string {
  return String(cells.get(column) ?? "");
}
