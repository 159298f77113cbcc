// A cell in a message.
import { inspect } from "node:util";
import { WrittenNumber } from "./json-values.js";

/** Characters of a cell that a message shows. */
const shownCharacters = 60;

/** A cell as a message shows it: as JSON where it has such a form, on one line, and cut. */
export function showCell(cell: unknown): string {
  if (cell instanceof WrittenNumber) return cell.digits;
  const text = asJson(cell) ?? inspect(cell, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}...` : text;
}

function asJson(cell: unknown): string | undefined {
  try {
    return JSON.stringify(cell);
  } catch {
    return undefined; // a circle, or a bigint
  }
}

/** Whether a cell is an object with fields, as JSON has them, and no array. */
export function isObject(cell: unknown): cell is Readonly<Record<string, unknown>> {
  return (
    typeof cell === "object" && cell !== null && !Array.isArray(cell) && !(cell instanceof WrittenNumber)
  );
}
