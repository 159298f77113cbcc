// How a column of label lists is written, told by its first rows and by the labels where they are known.

import { invalidData } from "../base/errors.js";
import type { BadRows } from "./bad-rows.js";
import { showCell } from "./cell.js";
import { type LabelList, parseStructured, plainNumbersOf } from "./label-lists.js";
import {
  fastTextPrefix,
  isFastText,
  parseSeparator,
  separators,
  showSeparator,
  tellSeparator,
} from "./label-separator.js";
import { isBlank } from "./labels.js";
import type { ColumnOptions } from "./options.js";

/**
 * What a column of lists holds.
 *
 * - `names`: the names of the labels that are set.
 * - `ids`: their numbers, from 0 or as the names file gives them.
 * - `multi-hot`: a value from 0 to 1 for each label, in their order.
 */
export type LabelFormat = "names" | "ids" | "multi-hot";

/** How a column of lists is read, as a caller says it. */
export type ListOptions = Pick<ColumnOptions, "labels" | "labelSeparator" | "labelFormat">;

/** How a column of lists is read. */
export interface ListNotation {
  readonly format: LabelFormat;
  /** What separates names in plain text; `undefined` where each cell is one name. */
  readonly separator: string | undefined;
  /** Whether numbers in lists are names. */
  readonly numbersAreNames: boolean;
  /** Whether names have fastText's mark before them. */
  readonly fastText: boolean;
  /** What would separate names if it were one of them, and must not turn up in a name because none of the first had it. */
  readonly unseen: readonly string[];
}

/** How programs write a list that is missing. Not in any case: `none` may be a label. */
const missingLists = new Set([
  "NA",
  "N/A",
  "n/a",
  "<NA>",
  "#N/A",
  "#NA",
  "NaN",
  "nan",
  "NULL",
  "null",
  "None",
]);

/** Whether a cell says that the list is missing; a blank one is an empty list, for which plain text has no other form. */
export function missingList(cell: unknown, labels: readonly string[] | undefined): boolean {
  if (cell === undefined || cell === null) return true;
  return typeof cell === "string" && missingLists.has(cell.trim()) && !labels?.includes(cell.trim());
}

/** @throws TagformerError `INVALID_OPTION` */
export function checkListOptions({ labelSeparator }: ListOptions): void {
  if (labelSeparator !== undefined) parseSeparator(labelSeparator);
}

/**
 * Finds out how a column of lists is written.
 *
 * @param cells its first cells
 * @param bad receives a sentence about what was told and not said
 * @throws TagformerError `INVALID_DATA` when the cells leave it open, with the option that decides
 */
export function tellNotation(
  file: string,
  column: string,
  cells: readonly unknown[],
  options: ListOptions,
  bad: BadRows,
): ListNotation {
  const filled = cells.filter((cell) => !missingList(cell, options.labels) && !isBlank(cell));
  const lists = filled.map((cell) => parseStructured(cell) ?? { text: String(cell) });
  const format = options.labelFormat ?? tellFormat(file, column, filled, lists, options.labels, bad);
  const numbersAreNames = options.labelFormat === "names";
  const texts = [
    ...new Set(lists.flatMap((list) => (typeof list === "object" && "text" in list ? [list.text] : []))),
  ];
  if (format !== "names" || texts.length === 0) {
    return { format, separator: separatorOf(options) ?? "|", numbersAreNames, fastText: false, unseen: [] };
  }
  const fastText = isFastText(texts) && !options.labels?.some((label) => label.startsWith(fastTextPrefix));
  const separator = fastText ? undefined : textSeparator(file, column, texts, options, bad);
  const isFree = options.labels === undefined && options.labelSeparator === undefined && !fastText;
  const unseen = isFree ? separators.filter((other) => !texts.some((text) => text.includes(other))) : [];
  return {
    format,
    separator,
    numbersAreNames,
    fastText,
    unseen: unseen.filter((other) => other !== separator),
  };
}

function separatorOf({ labelSeparator }: ListOptions): string | undefined {
  return labelSeparator === undefined ? undefined : parseSeparator(labelSeparator).separator;
}

function textSeparator(
  file: string,
  column: string,
  texts: readonly string[],
  options: ListOptions,
  bad: BadRows,
): string | undefined {
  if (options.labelSeparator !== undefined) return separatorOf(options);
  const separator = tellSeparator(file, column, texts, options.labels);
  const how =
    separator === undefined
      ? "each cell is one label (labelSeparator says otherwise)"
      : `labels are separated by ${showSeparator(separator)}`;
  bad.note(`${file}: in column ${JSON.stringify(column)} ${how}`);
  return separator;
}

type Cell = LabelList | "broken" | { readonly text: string };

function numbersOf(cell: Cell): readonly string[] | undefined {
  if (cell === "broken") return undefined;
  if ("text" in cell) return plainNumbersOf(cell.text);
  // An empty list fits whatever the others are.
  return "numbers" in cell ? cell.numbers : "names" in cell && cell.names.length === 0 ? [] : undefined;
}

/** Names, unless the lists hold nothing but numbers. */
function tellFormat(
  file: string,
  column: string,
  cells: readonly unknown[],
  lists: readonly Cell[],
  labels: readonly string[] | undefined,
  bad: BadRows,
): LabelFormat {
  const rows: (readonly string[])[] = [];
  for (const list of lists) {
    const numbers = numbersOf(list);
    if (numbers === undefined) return "names";
    if (numbers.length > 0) rows.push(numbers);
  }
  if (rows.length === 0) return "names";
  const refuse = (problem: string) =>
    invalidData(
      `${file}: column ${JSON.stringify(column)} holds numbers, such as ${showCell(cells[0])}; ${problem}`,
    );
  if (labels === undefined) {
    throw refuse(
      "if they are ids of labels, or values of 0 and 1 for each label (multi-hot), give the labels in their order with the option labels (--labels a,b,c) or as a file, labelNames (--label-names FILE); if they are the labels' names, say so with labelFormat: names (--label-format names)",
    );
  }
  if (rows.every((row) => row.every((number) => labels.includes(number)))) return "names";
  const vectors = rows.filter(
    (row) => row.length === labels.length && row.every((value) => isShare(value)),
  ).length;
  const ids = rows.filter(
    (row) => new Set(row).size === row.length && row.every((id) => /^\d+$/.test(id)),
  ).length;
  const what = `values of 0 to 1 for each of the ${labels.length} labels (multi-hot)`;
  if (vectors === rows.length && ids === rows.length) {
    throw refuse(
      `they may be ids of labels, or ${what}; say which with labelFormat: ids or multi-hot (--label-format)`,
    );
  }
  // A few rows may be bad, and are told one by one.
  if (Math.max(vectors, ids) < rows.length / 2) throw refuse(`they are neither ids of labels nor ${what}`);
  const format = vectors > ids ? "multi-hot" : "ids";
  bad.note(
    `${file}: in column ${JSON.stringify(column)} numbers are ${format === "ids" ? "ids of labels" : what}`,
  );
  return format;
}

/** Whether a number is a label of 0 to 1, or -1 where it is missing. */
function isShare(value: string): boolean {
  return (Number(value) >= 0 && Number(value) <= 1) || Number(value) === -1;
}
