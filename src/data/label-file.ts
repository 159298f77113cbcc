// Labels that lie in a file of their own and belong to the texts by id, as in test.csv and test_labels.csv.

import { invalidData } from "../base/errors.js";
import { type BadRows, shownRows } from "./bad-rows.js";
import { columnsOf, sameName } from "./column-names.js";
import { describeColumns } from "./column-notes.js";
import type { ResolvedColumnOptions } from "./column-options.js";
import { findIdColumn, peek } from "./columns.js";
import type { LabelMatrix, LabelReader } from "./label-matrix.js";
import { labelReader } from "./label-readers.js";
import type { ColumnOptions, TableOptions } from "./options.js";
import type { Row } from "./row.js";
import { readRows } from "./rows.js";
import { tableSource } from "./source.js";
import { inertCell } from "./spreadsheet.js";

/** A table of ids and labels. */
export interface LabelFile extends LabelMatrix {
  readonly file: string;
  /** Row of `values` by id. */
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * Reads a table of ids and labels.
 *
 * @throws TagformerError as reading any table, and `INVALID_DATA` when it has no id column
 */
export async function readLabelFile(
  file: string,
  options: ResolvedColumnOptions & TableOptions,
  bad: BadRows,
  signal?: AbortSignal,
): Promise<LabelFile> {
  const stream = readRows(tableSource(file), bad, signal, options);
  try {
    const { head, all } = await peek(file, stream, bad);
    const columns = columnsOf(head);
    // The option may name the ids of the texts alone: they need not be called the same here.
    const named = options.id !== undefined && sameName(options.id, columns) !== undefined;
    const id = requireIdColumn(file, head, named ? options : { ...options, id: undefined });
    const labels = labelReader(file, head, options, [id], bad);
    bad.note(describeColumns(file, bad.header, columns, { id, labels: labels.columns }));
    const rows = new Map<string, number>();
    for await (const row of all) {
      const key = String(row.cells.get(id));
      const fault = rows.has(key) ? `has the id ${key} of a row before it` : labels.add(row);
      if (fault === undefined) rows.set(key, rows.size);
      else bad.report(file, row.line, fault, row.unit);
    }
    return { file, rows, ...labels.finish() };
  } finally {
    await stream.return(undefined);
  }
}

/** @throws TagformerError `INVALID_DATA` when there is no column by which labels and texts could be joined */
export function requireIdColumn(file: string, head: readonly Row[], options: ColumnOptions): string {
  const id = findIdColumn(file, head, options);
  if (id !== undefined) return id;
  const advice = "labels of a file of their own are joined by id; name the column with the option id";
  throw invalidData(`${file} has no id column; ${advice}`);
}

/** Takes each row's labels from a {@link LabelFile}. */
export class JoinedReader implements LabelReader {
  readonly #file: string;
  readonly #labels: LabelFile;
  readonly #id: string;
  readonly #skipAbsent: boolean;
  /** Row of the label file for each row that was added. */
  readonly #sources: number[] = [];
  #absent = 0;
  readonly #firstAbsent: string[] = [];

  /**
   * @param id the id column of `file`, the table of the texts
   * @param skipAbsent whether a row without labels is a bad row; otherwise all of them make one error in {@link finish}
   */
  constructor(file: string, labels: LabelFile, id: string, skipAbsent: boolean) {
    this.#file = file;
    this.#labels = labels;
    this.#id = id;
    this.#skipAbsent = skipAbsent;
  }

  /** None of the texts' table. */
  readonly columns = [];

  add({ cells }: Row): string | undefined {
    const id = String(cells.get(this.#id));
    // A table that tagformer wrote has ids that no spreadsheet runs.
    const source = this.#labels.rows.get(id) ?? this.#labels.rows.get(inertCell(id));
    if (source === undefined) {
      if (this.#skipAbsent) return `the id ${id} is not in ${this.#labels.file}`;
      this.#absent++;
      if (this.#firstAbsent.length < shownRows) this.#firstAbsent.push(id);
    } else {
      this.#sources.push(source);
    }
    return undefined;
  }

  /** @throws TagformerError `INVALID_DATA` with the number and the first ids of the rows that have no labels */
  finish(): LabelMatrix {
    const { file, names, values } = this.#labels;
    if (this.#absent > 0) {
      const total = this.#absent + this.#sources.length;
      const ids = this.#firstAbsent.join(", ") + (this.#absent > shownRows ? ", ..." : "");
      const problem = `${this.#absent} of the ${total} ids of ${this.#file} are not in ${file}: ${ids}`;
      throw invalidData(`${problem}; give the labels that belong to these texts`);
    }
    const joined = new Float32Array(this.#sources.length * names.length);
    for (const [row, source] of this.#sources.entries()) {
      joined.set(values.subarray(source * names.length, (source + 1) * names.length), row * names.length);
    }
    return { names, values: joined };
  }

  /** Number of rows of the label file that belong to no row that was added. */
  get unused(): number {
    return this.#labels.rows.size - new Set(this.#sources).size;
  }
}
