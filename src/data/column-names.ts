// Columns by their names: exact, or the same but for what people do not see.
import { invalidOption } from "../base/errors.js";
import { didYouMean } from "../base/suggestion.js";
import type { Row } from "./row.js";
import { inertCell } from "./spreadsheet.js";

/** Every column of the given rows that has a name, in order. */
export function columnsOf(head: readonly Row[]): string[] {
  const columns = new Set<string>();
  for (const { cells } of head) for (const column of cells.keys()) columns.add(column);
  return [...columns].filter((column) => column.trim() !== "");
}

/**
 * The one of some names that is meant by another: itself, or else the only one that differs from it in no more than Unicode form
 * (NFC and NFD), white space at its ends or the apostrophe that keeps spreadsheets from running it.
 *
 * @param claimed names that are meant by themselves, so that they are not taken for another
 */
export function sameName(
  name: string,
  names: readonly string[],
  claimed: readonly string[] = [],
): string | undefined {
  if (names.includes(name)) return name;
  const [wanted, inert] = [essence(name), essence(inertCell(name))];
  const alike = names.filter((other) => {
    const found = essence(other);
    return (found === wanted || found === inert) && !claimed.includes(other);
  });
  return alike.length === 1 ? alike[0] : undefined;
}

function essence(name: string): string {
  return name.normalize("NFC").trim();
}

/**
 * The column that an option names; see {@link sameName}.
 *
 * @throws TagformerError `INVALID_OPTION` with the nearest name, when there is no such column
 */
export function requireColumn(
  file: string,
  columns: readonly string[],
  option: string,
  column: string,
  claimed: readonly string[] = [],
): string {
  const found = sameName(column, columns, claimed);
  if (found !== undefined) return found;
  const problem = `option ${option} names the column ${JSON.stringify(column)}, which ${file} does not have`;
  throw invalidOption(problem + didYouMean(column, columns));
}

/** Names as a list in a message: the first ones, and how many there are when that is not all. */
export function listNames(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map(showName).join(", ");
  return names.length > most ? `${shown}, ... (${names.length} in all)` : shown;
}

/** {@link listNames} of labels: more of them, because the one that is not as expected may be any. */
export function listLabels(names: readonly string[]): string {
  return listNames(names, 20);
}

function showName(name: string): string {
  const shown = name.length > 60 ? `${name.slice(0, 60)}...` : name;
  return unprintable.test(shown) ? showOnOneLine(shown) : JSON.stringify(shown);
}

/** What moves a terminal's cursor, ends a line or turns the direction of writing. */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A name as one line: as JSON, where it holds line breaks or other characters that are not printed. */
export function showOnOneLine(name: string): string {
  if (!unprintable.test(name)) return name;
  return JSON.stringify(name).replace(new RegExp(unprintable, "gu"), escapeUnit);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
