// The labels of a table, row by row: the reader that fits the options, and that of one column a label.

import { invalidData, invalidOption } from "../base/errors.js";
import type { BadRows } from "./bad-rows.js";
import { showCell } from "./cell.js";
import { columnsOf, requireColumn } from "./column-names.js";
import type { ResolvedColumnOptions } from "./column-options.js";
import { GrowingArray } from "./growing-array.js";
import { findLabelColumns, isLabelColumn, type LabelColumn } from "./label-columns.js";
import type { LabelMatrix, LabelReader } from "./label-matrix.js";
import { columnsOfLabelSets, isNamedLabels } from "./label-set-columns.js";
import { acceptedLabels, acceptedSoftLabels, parseLabel, parseSoftLabel } from "./labels.js";
import { tellNotation } from "./list-notation.js";
import { ListReader } from "./list-reader.js";
import type { ColumnOptions } from "./options.js";
import type { Row } from "./row.js";

/**
 * The reader that fits the options.
 *
 * @param taken columns that are no labels
 * @throws TagformerError as {@link findLabelColumns}
 */
export function labelReader(
  file: string,
  head: readonly Row[],
  options: ResolvedColumnOptions,
  taken: readonly (string | undefined)[],
  bad: BadRows,
): LabelReader {
  const twice = options.labels?.find((label, i, all) => all.indexOf(label) !== i);
  if (twice !== undefined) throw invalidOption(`option labels names "${twice}" twice`);
  const column = labelSetColumn(file, head, options, taken);
  if (column !== undefined) {
    const cells = head.map((row) => row.cells.get(column));
    const notation = tellNotation(file, column, cells, options, bad);
    return new ListReader(
      column,
      notation,
      options.labels && { names: options.labels, ids: options.labelIds },
    );
  }
  return new ColumnReader(findLabelColumns(file, head, options, taken, bad), options.labels === undefined);
}

/**
 * The column that holds all labels of a row: the one named, else the one of arrays of names or of objects, unless `labels` names
 * columns.
 *
 * @throws TagformerError `INVALID_DATA` where several columns could be meant
 */
function labelSetColumn(
  file: string,
  head: readonly Row[],
  { labels, labelColumn }: ColumnOptions,
  taken: readonly (string | undefined)[],
): string | undefined {
  const columns = columnsOf(head);
  if (labelColumn !== undefined) return requireColumn(file, columns, "labelColumn", labelColumn);
  if (labels?.some((label) => columns.includes(label))) return undefined;
  const free = columns.filter((column) => !taken.includes(column));
  const found = columnsOfLabelSets(head, free);
  const named = found.find(isNamedLabels);
  if (named !== undefined || found.length === 0) return named;
  const single = labels === undefined ? free.filter((column) => isLabelColumn(head, column)) : [];
  if (found.length === 1 && single.length === 0) return found[0];
  const several = `${file} may have its labels in ${[...single, ...found].join(", ")}`;
  const advice = "name the one with lists or objects of labels (labelColumn), or those with 0 and 1 (labels)";
  throw invalidData(`${several}; ${advice}`);
}

class ColumnReader implements LabelReader {
  readonly #columns: readonly LabelColumn[];
  readonly #found: boolean;
  readonly #row: Float32Array;
  readonly #values = new GrowingArray((length) => new Float32Array(length));

  /** @param found whether the columns were found and not named, so that one may be no label at all */
  constructor(columns: readonly LabelColumn[], found: boolean) {
    this.#columns = columns;
    this.#found = found;
    this.#row = new Float32Array(columns.length);
  }

  get columns(): readonly string[] {
    return this.#columns.map(({ column }) => column);
  }

  add({ cells }: Row): string | undefined {
    for (const [i, { column }] of this.#columns.entries()) {
      const cell = cells.get(column);
      const label = parseLabel(cell) ?? (this.#found ? undefined : parseSoftLabel(cell));
      if (label === undefined) {
        const expected = this.#found
          ? `${acceptedLabels} (if this is no label, name those that are with the option labels)`
          : acceptedSoftLabels;
        return `column ${JSON.stringify(column)} holds ${showCell(cell)}; expected ${expected}${commaAdvice(cell)}`;
      }
      this.#row[i] = label;
    }
    for (const value of this.#row) this.#values.push(value);
    return undefined;
  }

  finish(): LabelMatrix {
    return { names: this.#columns.map(({ label }) => label), values: this.#values.toArray() };
  }
}

function commaAdvice(cell: unknown): string {
  return typeof cell === "string" && /^\s*[01],\d+\s*$/.test(cell)
    ? ", and a point in numbers, as in 0.5"
    : "";
}
