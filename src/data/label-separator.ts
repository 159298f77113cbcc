// What separates the names in a column of label lists: said by the caller, or told by what its cells have in common.
import { invalidData, invalidOption, type TagformerError } from "../base/errors.js";
import { splitNames } from "./label-lists.js";

/** What may separate names. Names rarely hold the first three; a comma, a `#` or a blank may belong to a name. */
const strong = ["|", ";", "\n"];
const weak = [",", "#"];

/** Characters that would have separated names if they had been there. */
export const separators: readonly string[] = [...strong, ...weak];

/** The word by which an option says that nothing separates: each cell is one name. */
const none = "none";

/** How separators are written in options and messages, where it is not the text itself. */
const spelled = new Map([
  ["blank", " "],
  ["space", " "],
  ["newline", "\n"],
  ["\\n", "\n"],
  ["tab", "\t"],
  ["\\t", "\t"],
]);

/**
 * The separator that an option asks for: any text, `blank`, `newline`, `tab`, or `none` where each cell is one label.
 *
 * @returns `{ separator: undefined }` for `none`
 * @throws TagformerError `INVALID_OPTION`
 */
export function parseSeparator(option: string): { readonly separator: string | undefined } {
  if (option.toLowerCase() === none) return { separator: undefined };
  const separator = spelled.get(option.toLowerCase()) ?? (option.trim() === "" ? option : option.trim());
  if (separator !== "") return { separator: /^[ ]+$/.test(separator) ? " " : separator };
  throw invalidOption(
    'option labelSeparator is empty; expected what separates label names, such as "," or ";" or "blank", or "none"',
  );
}

/** A separator as messages show it. */
export function showSeparator(separator: string): string {
  return separator === "\n"
    ? "newline"
    : separator === "\t"
      ? "tab"
      : separator === " "
        ? "blank"
        : JSON.stringify(separator);
}

/** fastText's mark of a label, which may stand before any name. */
export const fastTextPrefix = "__label__";

/** Whether cells list labels as fastText has them: `__label__a __label__b`. */
export function isFastText(cells: readonly string[]): boolean {
  return cells.length > 0 && cells.every((cell) => /^\s*(?:__label__[^\s,]+[\s,]*)+$/.test(cell));
}

/**
 * Finds what separates the names.
 *
 * @param cells different cells that are plain text
 * @param known the names that may occur, where they are known
 * @returns the separator, `undefined` when every cell is one name
 * @throws TagformerError `INVALID_DATA` when the cells leave it open
 */
export function tellSeparator(
  file: string,
  column: string,
  cells: readonly string[],
  known: readonly string[] | undefined,
): string | undefined {
  if (known !== undefined) {
    const names = new Set(known);
    const fits = [undefined, ...strong, ...weak, " "].map((separator) => ({
      separator,
      cells: cells.filter((cell) => splitNames(cell, separator).every((part) => names.has(part))).length,
    }));
    const best = fits.reduce((one, other) => (other.cells > one.cells ? other : one));
    if (best.cells >= cells.length / 2) return best.separator;
  }
  const used = strong.filter((separator) => severalNames(cells, separator).length > 0);
  if (used.length === 1) return used[0];
  const supported = (used.length > 1 ? used : weak).filter(
    (separator) => recurrence(cells, separator) >= 0.5,
  );
  if (supported.length === 1) return supported[0];
  const open = [...used, ...weak].find((separator) => severalNames(cells, separator).length > 0);
  if (open !== undefined) throw ambiguous(file, column, severalNames(cells, open)[0]!, open);
  // Many names are of several words, and these rarely recur: `product defect`, `late delivery`.
  const words = recurrence(cells, " ");
  if (words >= 0.8) return " ";
  if (words > 0) throw ambiguous(file, column, severalNames(cells, " ")[0]!, " ");
  return undefined;
}

/** The cells that would list several names. */
function severalNames(cells: readonly string[], separator: string): readonly string[] {
  return cells.filter((cell) => splitNames(cell, separator).length > 1);
}

/** Of the parts into which cells fall, the share that occurs in other cells, too: parts of one name do not. 0 without parts. */
function recurrence(cells: readonly string[], separator: string): number {
  const occurrences = new Map<string, number>();
  const parts = new Set<string>();
  for (const cell of cells) {
    const names = new Set(splitNames(cell, separator));
    for (const name of names) occurrences.set(name, (occurrences.get(name) ?? 0) + 1);
    if (names.size > 1) for (const name of names) parts.add(name);
  }
  const recurring = [...parts].filter((name) => occurrences.get(name)! > 1).length;
  return parts.size === 0 ? 0 : recurring / parts.size;
}

function ambiguous(file: string, column: string, cell: string, separator: string): TagformerError {
  const shown = JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}...` : cell);
  return invalidData(
    `${file}: ${shown} in column ${JSON.stringify(column)} may be one label or several; say what separates labels with the option labelSeparator: ${showSeparator(separator)}, or another text, or none where each cell is one label`,
  );
}
