import { invalidData, invalidOption } from "../base/errors.js";
import type { RowUnit } from "./row.js";
import { PackedTexts, type Texts } from "./texts.js";

/**
 * Labelled texts in memory, one entry a row, in file order.
 *
 * `labels` is dense and row-major, `[rows * labelNames.length]`: 0, 1, a soft value between, or NaN where the row is not
 * labelled.
 *
 * `Label` is the names of the labels where a program knows them, and any text otherwise.
 */
export interface Dataset<Label extends string = string> {
  /** Where the rows came from, for messages: a file path, or a name given by the caller. */
  readonly source: string;
  /** One text a row: an array, or what {@link readDataset} packed, which is read in the same way. */
  readonly texts: Texts;
  /** The names of the labels, in the order of `labels`. */
  readonly labelNames: readonly Label[];
  /** `[rows * labelNames.length]`: 0, 1, a soft value between, or NaN where the row is not labelled. */
  readonly labels: Float32Array;
  /** The id column, when there is one. */
  readonly ids?: Texts;
  /** The weight of each row in the loss, from 0; absent: all 1. */
  readonly weights?: Float32Array;
  /** What each row belongs to, such as an author or a thread; blank: to nothing. Splits may keep such rows together. */
  readonly groups?: Texts;
  /** Where each row starts in `source`, from 1: its line in a text file, its row in JSON, Parquet and the rows of a program. */
  readonly lines?: Int32Array;
  /** What `lines` counts; lines, when it is absent. */
  readonly lineUnit?: RowUnit;
}

type Numbering = Pick<Dataset, "lines" | "lineUnit">;

/** What tells a person which row it is: `line 7`, or `row 7` where the source has no lines. */
export function placeOf(dataset: Numbering, row: number): string {
  return `${unitOf(dataset)} ${numberOf(dataset, row)}`;
}

/** What the numbers of a dataset's rows count. */
export function unitOf({ lines, lineUnit = "line" }: Numbering): RowUnit {
  return lines ? lineUnit : "row";
}

/** Where a row starts in the source, from 1; where the dataset does not say, the row's own number. */
export function numberOf({ lines }: Numbering, row: number): number {
  return lines?.[row] ?? row + 1;
}

/** The part of a {@link Dataset} that a split looks at; the texts only when rows of one text stay together. */
export type LabelledRows = Pick<Dataset, "labels" | "labelNames"> &
  Partial<Pick<Dataset, "texts" | "groups">>;

/**
 * Checks what a dataset that was made by hand may have wrong.
 *
 * @throws TagformerError `INVALID_DATA`
 */
export function checkShape({ source, texts, labelNames, labels, weights, groups }: Dataset): void {
  const refuse = (problem: string) => invalidData(`${source}: ${problem}`);
  if (texts.length === 0) throw refuse("the dataset has no rows");
  const wrong = Array.isArray(texts) ? texts.findIndex((text) => typeof text !== "string") : -1;
  if (wrong >= 0) throw refuse(`text ${wrong} is of type ${typeof texts.at(wrong)}; expected a string`);
  const twice = labelNames.find((name, i) => labelNames.indexOf(name) !== i);
  if (twice !== undefined) throw refuse(`two labels are named ${JSON.stringify(twice)}`);
  const expected = texts.length * labelNames.length;
  if (!(labels instanceof Float32Array) || expected === 0 || labels.length !== expected) {
    const shape = `${texts.length} texts and ${labelNames.length} labels`;
    throw refuse(`labels must be a Float32Array with ${expected} values for ${shape}, row by row`);
  }
  const bad = labels.findIndex((label) => label < 0 || label > 1);
  if (bad >= 0) {
    const where = `label ${JSON.stringify(labelNames[bad % labelNames.length])} of row ${Math.floor(bad / labelNames.length)}`;
    throw refuse(`${where} is ${labels[bad]}; expected 0, 1, a value between, or NaN where it is missing`);
  }
  if (weights !== undefined && (!(weights instanceof Float32Array) || weights.length !== texts.length)) {
    throw refuse(`weights must be a Float32Array with ${texts.length} values, one a row`);
  }
  const badWeight = weights?.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY)) ?? -1;
  if (badWeight >= 0) {
    throw refuse(`the weight of row ${badWeight} is ${weights![badWeight]}; expected a number from 0`);
  }
  if (weights !== undefined && !weights.some((weight) => weight > 0)) {
    throw refuse(
      "every row has the weight 0, so that nothing would be learned; expected a weight above 0 in some rows",
    );
  }
  if (groups !== undefined && groups.length !== texts.length) {
    throw refuse(`found ${groups.length} groups for ${texts.length} rows; expected one a row`);
  }
}

/** Leaves out the rows that have no label at all: neither loss nor metrics would see them. */
export function dropUnlabelled<Label extends string>(
  dataset: Dataset<Label>,
): { dataset: Dataset<Label>; dropped: number } {
  const { texts, labels, labelNames } = dataset;
  const width = labelNames.length;
  const isLabelled = (row: number) =>
    labels.subarray(row * width, (row + 1) * width).some((x) => !Number.isNaN(x));
  const rows = Int32Array.from({ length: texts.length }, (_, row) => row).filter(isLabelled);
  const dropped = texts.length - rows.length;
  return { dataset: dropped === 0 ? dataset : selectRows(dataset, rows), dropped };
}

/**
 * A dataset of some rows of another, in the order given; a row may appear more than once.
 *
 * @param rows row numbers from 0, such as {@link stratifiedSplit} gives
 * @throws TagformerError `INVALID_OPTION` when the dataset has no such row
 * @example
 * ```ts
 * const split = stratifiedSplit(dataset, { fraction: 0.1 });
 * const [train, validation] = [selectRows(dataset, split.train), selectRows(dataset, split.validation)];
 * ```
 */
export function selectRows<Label extends string>(dataset: Dataset<Label>, rows: Int32Array): Dataset<Label> {
  const bad = rows.find((row) => row < 0 || row >= dataset.texts.length);
  if (bad !== undefined) {
    const expected = `expected row numbers from 0 to ${dataset.texts.length - 1}`;
    throw invalidOption(`${dataset.source} has no row ${bad}; ${expected}`);
  }
  const { source, texts, labelNames, labels, ids, weights, groups, lines, lineUnit } = dataset;
  const width = labelNames.length;
  const selected = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries())
    selected.set(labels.subarray(row * width, (row + 1) * width), i * width);
  return {
    source,
    texts: pick(texts, rows),
    labelNames,
    labels: selected,
    ...(ids && { ids: pick(ids, rows) }),
    ...(weights && { weights: rowsOf(weights, rows) }),
    ...(groups && { groups: pick(groups, rows) }),
    ...(lines && { lines: rows.map((row) => lines[row]!) }),
    ...(lineUnit && { lineUnit }),
  };
}

function pick(texts: Texts, rows: Int32Array): Texts {
  const picked = new PackedTexts();
  for (const row of rows) picked.push(texts.at(row)!);
  return picked;
}

function rowsOf(values: Float32Array, rows: Int32Array): Float32Array {
  return Float32Array.from(rows, (row) => values[row]!);
}
