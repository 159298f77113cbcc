import type { Texts } from "./compressed-texts.js";
import type { RowUnit } from "./row.js";

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
  /** One text a row: an array, or what {@link readDataset} compressed, which is read in the same way. */
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
