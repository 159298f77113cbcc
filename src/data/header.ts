// The first row of delimited text, which names the columns.
import { counted } from "../base/counted.js";
import { invalidData } from "../base/errors.js";
import { showDelimiter } from "./dialect.js";
import { missingCell } from "./labels.js";

/**
 * The names in a header, without white space around them. Columns without a name have "".
 *
 * @throws TagformerError `INVALID_DATA` when two columns have one name
 */
export function readHeader(file: string, cells: readonly string[]): readonly string[] {
  const columns = cells.map((cell) => cell.trim());
  const twice = columns.find((name, i) => name !== "" && columns.indexOf(name) !== i);
  if (twice === undefined) return columns;
  throw invalidData(
    `${file} has two columns named ${JSON.stringify(twice)}; every column needs a name of its own${headerAdvice(columns)}`,
  );
}

/** The names of columns in a table without a header: `text` for a single one, else `column1`, `column2` and so on. */
export function madeUpNames(columns: number): readonly string[] {
  return columns === 1 ? ["text"] : Array.from({ length: columns }, (_, i) => `column${i + 1}`);
}

/** What is wrong with a row that has another number of cells than the header. */
export function widthFault(header: readonly string[], found: number, delimiter: string): string {
  const cells = counted(header.length, "cell");
  const others = [",", ";", "\t", "|"].filter((other) => other !== delimiter && header[0]?.includes(other));
  const advice =
    others.length > 0
      ? `; the header holds ${others.map(showDelimiter).join(" and ")}: if that separates the cells, say so with the option delimiter`
      : `; texts that hold ${showDelimiter(delimiter)} need quotes around them, and a file in which every line is a text is called .txt`;
  if (header.length > 1) return `expected ${cells}, as in the header, but found ${found}`;
  return `expected ${cells}, as in the header, but found ${found}${advice}`;
}

/** Words of a name; a text has more. */
const mostWordsOfName = 5;

/**
 * Why a header looks like a row of data, as a sentence; `undefined` when it does not. A column of numbers with a name that is
 * none proves a header, and so does a name that tables commonly have.
 *
 * @param columns the cells of each named column, for the first rows
 */
export function headerDoubt(
  file: string,
  line: number,
  columns: ReadonlyMap<string, readonly unknown[]>,
): string | undefined {
  const names = [...columns.keys()];
  if (names.some((name) => commonNames.test(name))) return undefined;
  const numeric = names.filter((name) => isNumeric(columns.get(name)!));
  if (numeric.some((name) => !isNumber(name))) return undefined;
  const texts = names.filter(
    (name) =>
      !numeric.includes(name) &&
      wordsOf(name) > mostWordsOfName &&
      columns.get(name)!.some((cell) => wordsOf(cell) > 2),
  );
  const [doubtful] = [...texts, ...numeric];
  if (doubtful === undefined) return undefined;
  const shown = names
    .slice(0, 4)
    .map((name) => JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}...` : name));
  const list = shown.join(", ") + (names.length > shown.length ? ", ..." : "");
  return `warning: ${file}: line ${line} was read as the header, which names the columns, but looks like data: ${list}${headerAdvice([doubtful])}`;
}

/** What to do about a header that is a row of data. */
function headerAdvice(names: readonly string[]): string {
  const isData = names.some((name) => isNumber(name) || wordsOf(name) > mostWordsOfName);
  return isData
    ? "; if it is a row, add a line with names above it, or say that there is none with header: false (--no-header)"
    : "";
}

const commonNames =
  /^(id|.*[_\s-]id|text|.*_text|title|subject|comments?|content|body|message|sentence|review|document|labels?|tags?|class|categor(y|ies)|score|date|time(stamp)?|name|url|lang(uage)?)$/i;

function isNumber(cell: unknown): boolean {
  return typeof cell === "string" && cell.trim() !== "" && Number.isFinite(Number(cell));
}

function isNumeric(cells: readonly unknown[]): boolean {
  const filled = cells.filter((cell) => !missingCell(cell));
  return filled.length > 0 && filled.every(isNumber);
}

function wordsOf(cell: unknown): number {
  return typeof cell === "string" ? (cell.trim().match(/\S+/g)?.length ?? 0) : 0;
}
