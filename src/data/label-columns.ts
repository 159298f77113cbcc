// Which columns hold one label each: named by the caller, or found by the 0 and 1 in them.
import { invalidData } from "../base/errors.js";
import { didYouMean } from "../base/suggestion.js";
import type { BadRows } from "./bad-rows.js";
import { showCell } from "./cell.js";
import { columnsOf, listNames, requireColumn, sameName } from "./column-names.js";
import type { ResolvedColumnOptions } from "./column-options.js";
import { isBlank, missingCell, parseLabel, parseSoftLabel } from "./labels.js";
import type { Row } from "./row.js";
import { inertCell } from "./spreadsheet.js";

/**
 * A column is one of labels when this share of its filled cells are. Not all of them: a column with a typing error in it must
 * end in an error that shows the cell, and not silently count as something else.
 */
const labelShare = 0.9;

/** A column of which this share are labels, or would be if they were written otherwise, is named, with why it is none. */
const nearlyShare = 0.5;

/** What people call columns that list labels. */
const namesOfLists = /^(labels?|tags?|categor(y|ies)|class(es)?|topics?|emotions?|genres?|targets?)$/i;

/** A label, and the column that holds it. */
export interface LabelColumn {
  readonly label: string;
  readonly column: string;
}

/**
 * The label columns: those named, else every column of 0 and 1 besides `taken`, in the table's order.
 *
 * @param bad receives a sentence for columns that are nearly labels, and one for those whose name is not quite the label's
 * @throws TagformerError `INVALID_OPTION` when one that is named is not there or named twice, `INVALID_DATA` when none is
 * found
 */
export function findLabelColumns(
  file: string,
  head: readonly Row[],
  options: ResolvedColumnOptions,
  taken: readonly (string | undefined)[],
  bad: BadRows,
): readonly LabelColumn[] {
  const columns = columnsOf(head);
  if (options.labels !== undefined) return namedColumns(file, columns, options.labels, options.labelsOf, bad);
  const free = columns.filter((column) => !taken.includes(column));
  const found = free.filter((column) => isLabelColumn(head, column));
  const nearly = free
    .filter((column) => !found.includes(column))
    .flatMap((column) => nearlyLabels(head, column) ?? []);
  if (nearly.length > 0) {
    const shown =
      nearly.slice(0, 5).join("; ") + (nearly.length > 5 ? `; and ${nearly.length - 5} more` : "");
    bad.note(`${file}: not read as labels, unless named with the option labels: ${shown}`);
  }
  if (found.length > 0) return found.map((column) => ({ label: column, column }));
  const lists = free.filter((column) => namesOfLists.test(column));
  const likely = lists.length > 0 ? `, such as ${listNames(lists)}` : "";
  throw invalidData(
    `${file} has no label column, which holds 0 and 1; name label columns with the option labels, or a column of lists with labelColumn${likely} (its columns: ${listNames(columns, 20)})`,
  );
}

function namedColumns(
  file: string,
  columns: readonly string[],
  labels: readonly string[],
  owner: string | undefined,
  bad: BadRows,
): readonly LabelColumn[] {
  // A table that tagformer wrote: there each label has a column, also when one is called as another's column is.
  const written = labels.map((label) => inertCell(label).trim());
  const isWritten =
    !labels.every((label) => columns.includes(label)) && written.every((name) => columns.includes(name));
  if (isWritten) return labels.map((label, i) => ({ label, column: written[i]! }));
  const found = labels.map((label) => {
    if (owner === undefined) {
      return { label, column: requireColumn(file, columns, "labels", label, labels) };
    }
    const column = sameName(label, columns, labels);
    if (column !== undefined) return { label, column };
    const problem = `${file} has no column for the label ${JSON.stringify(label)} of ${owner}`;
    throw invalidData(`${problem}${didYouMean(label, columns)}`);
  });
  const other = found.filter(({ label, column }) => label !== column);
  if (other.length > 0) {
    bad.note(
      `${file}: labels that are read from columns with a name that differs in Unicode form, white space or an apostrophe: ${listNames(other.map(({ label }) => label))}`,
    );
  }
  return found;
}

/** Whether nearly all filled cells of a column are labels. */
export function isLabelColumn(head: readonly Row[], column: string): boolean {
  let filled = 0;
  let labels = 0;
  for (const { cells } of head) {
    const cell = cells.get(column);
    if (missingCell(cell)) continue;
    filled++;
    if (parseLabel(cell) !== undefined) labels++;
  }
  return filled > 0 && labels >= labelShare * filled;
}

/** Words by which people say yes and no. */
const yesAndNo = /^\s*(y|n|yes|no|t|f|x|ja|nein|oui|non|on|off)\s*$/i;

/** A column that is nearly one of labels with why it is none; `undefined` for every other column. */
function nearlyLabels(head: readonly Row[], column: string): string | undefined {
  const filled = head.map((row) => row.cells.get(column)).filter((cell) => !missingCell(cell));
  const name = JSON.stringify(column);
  if (filled.length === 0) {
    return head.some((row) => !isBlank(row.cells.get(column)))
      ? `${name} has missing labels only`
      : undefined;
  }
  const share = (test: (cell: unknown) => boolean) => filled.filter(test).length / filled.length;
  if (share((cell) => yesAndNo.test(String(cell))) >= labelShare) {
    return `${name} holds ${someOf(filled, () => true)}; write 1 and 0`;
  }
  if (share((cell) => parseSoftLabel(cell) !== undefined) >= labelShare) {
    return `${name} holds numbers between 0 and 1, such as ${someOf(filled, (cell) => parseLabel(cell) === undefined)}`;
  }
  const isNone = (cell: unknown) => parseLabel(cell) === undefined;
  const none = share(isNone);
  if (1 - none < nearlyShare) return undefined;
  return `${name}, because ${Math.round(100 * none)} % of its filled cells are neither 0 nor 1, such as ${someOf(filled, isNone)}`;
}

/** Some different cells as a message shows them. */
function someOf(cells: readonly unknown[], test: (cell: unknown) => boolean): string {
  return [...new Set(cells.filter(test).map(showCell))].slice(0, 2).join(" and ");
}
