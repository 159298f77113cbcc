// What a cell says about one label.
import { isNumberValue, WrittenNumber } from "./json-values.js";

/** The cells that {@link parseLabel} takes, for messages. */
export const acceptedLabels =
  "0, 1, true or false, or -1 or blank (or NA, null, None) where the label is missing";

/** What {@link parseSoftLabel} takes besides. */
export const acceptedSoftLabels = `a number from 0 to 1, ${acceptedLabels.slice("0, 1, ".length)}`;

/** How programs write that there is no value, without the blank cell. */
const missingWords = new Set(["na", "n/a", "<na>", "#n/a", "#na", "nan", "-nan", "null", "none"]);

const labelNumber = /^[+-]?[01](\.0*)?$/;

/** 0, 1, or NaN for a missing label; `undefined` when the cell is no label. */
export function parseLabel(cell: unknown): number | undefined {
  if (missingCell(cell)) return Number.NaN;
  if (typeof cell === "object" && !(cell instanceof WrittenNumber)) return undefined;
  const text = String(cell).trim().toLowerCase();
  if (text === "true") return 1;
  if (text === "false") return 0;
  if (!labelNumber.test(text)) return undefined;
  const label = Number(text);
  return label < 0 ? Number.NaN : label;
}

/** A soft label, from 0 to 1; `undefined` when the cell is none. Only columns that are named as labels may hold these. */
export function parseSoftLabel(cell: unknown): number | undefined {
  if (typeof cell !== "string" && !isNumberValue(cell)) return undefined;
  if (isBlank(cell)) return undefined;
  const value = Number(cell);
  return value >= 0 && value <= 1 ? value : undefined;
}

/** Whether a cell is absent, null or holds only white space. */
export function isBlank(cell: unknown): boolean {
  return cell === undefined || cell === null || (typeof cell === "string" && cell.trim() === "");
}

/** Whether a cell says that there is no value: blank, or a word such as NA, NaN, null or None. */
export function missingCell(cell: unknown): boolean {
  return isBlank(cell) || (typeof cell === "string" && missingWords.has(cell.trim().toLowerCase()));
}
