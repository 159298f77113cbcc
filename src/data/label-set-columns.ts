// Which columns hold all labels of a row: an array of names, an object that gives names their values, or a text that writes such.
import { isObject } from "./cell.js";
import { parseStructured } from "./label-lists.js";
import { isBlank, missingCell, parseLabel, parseSoftLabel } from "./labels.js";
import type { Row } from "./row.js";

/**
 * The share of filled cells that make a column one of label sets. Not all of them, so that a wrong cell ends in an error that
 * shows it; fewer where the column's name says the same.
 */
const [setShare, namedShare] = [0.9, 0.5];

/** Whether a column is called `labels`, or `label`. */
export function isNamedLabels(column: string): boolean {
  return /^labels?$/i.test(column);
}

/** The columns whose filled cells are arrays of names or objects of labels, or write such as JSON or Python do. */
export function columnsOfLabelSets(head: readonly Row[], columns: readonly string[]): string[] {
  return columns.filter((column) => {
    const cells = head
      .map((row) => row.cells.get(column))
      .filter((cell) => !isBlank(cell) && !missingCell(cell));
    const share = cells.filter(isLabelSet).length / cells.length;
    return share >= (isNamedLabels(column) ? namedShare : setShare);
  });
}

function isLabelSet(cell: unknown): boolean {
  if (Array.isArray(cell)) return cell.every((name) => typeof name === "string");
  if (typeof cell === "string") return isWrittenSet(cell);
  return isObject(cell) && Object.values(cell).every((value) => labelOf(value) !== undefined);
}

function isWrittenSet(text: string): boolean {
  if (!/^\s*[[({]/.test(text)) return false;
  const list = parseStructured(text);
  if (list === undefined || list === "broken" || "numbers" in list) return false;
  return "names" in list || [...list.values.values()].every(({ label }) => label !== undefined);
}

function labelOf(value: unknown): number | undefined {
  return parseLabel(value) ?? parseSoftLabel(value);
}
