// Which character stands between the cells of a table: said by the caller or by the file, or told by its first rows.
import { invalidData, invalidOption, type TagformerError } from "../base/errors.js";
import type { BadRows } from "./bad-rows.js";
import { type Dialect, mayHoldQuotes, QuotedRow, type Quotes, relaxedCells } from "./delimited.js";
import type { Line, LineReader } from "./lines.js";

/** Delimiters that are told apart by content. */
const candidates = [",", ";", "\t", "|"];

/** How a table is written is told by at most this many lines and characters. */
export const sampledLines = 500;
export const sampledCharacters = 2 ** 19;

/** A delimiter that the header holds is taken when this share of the first rows has as many cells; the other rows are bad. */
const agreeingShare = 0.8;

/** How delimiters are written in options and messages, where it is not the character itself. */
const spelled = new Map([
  ["tab", "\t"],
  ["\\t", "\t"],
  ["comma", ","],
  ["semicolon", ";"],
  ["pipe", "|"],
]);

/**
 * The delimiter that an option asks for: a single character, or `tab`.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
export function parseDelimiter(option: string): string {
  const delimiter = spelled.get(option.toLowerCase()) ?? option;
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw invalidOption(
    `option delimiter is ${JSON.stringify(option)}; expected one character other than a quote, such as "," or ";" or "|", or "tab"`,
  );
}

/** A delimiter as messages show it. */
export function showDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tab" : JSON.stringify(delimiter);
}

/**
 * Finds out how the cells of a table are told apart. A first line such as `sep=;`, by which spreadsheets say it, is taken off.
 *
 * @param usual the delimiter that the file's name stands for
 * @param asked the delimiter that the caller asked for
 * @throws TagformerError `INVALID_DATA` when two delimiters fit equally well
 */
export async function findDialect(
  file: string,
  lines: LineReader,
  usual: string,
  asked: string | undefined,
  quotes: Quotes,
  bad: BadRows,
): Promise<Dialect> {
  const said = await takeSeparatorLine(lines);
  const sample = await lines.peek(sampledLines, sampledCharacters);
  const given = asked ?? said;
  const delimiter = given ?? tell(file, sample, usual, bad);
  if (given === undefined && delimiter !== usual) {
    bad.note(`${file}: cells are separated by ${showDelimiter(delimiter)}`);
  }
  const hasPlainQuotes = quotes === "auto" && mayHoldQuotes(delimiter) && hasStrayQuotes(sample, delimiter);
  if (hasPlainQuotes) {
    bad.note(`${file}: quotes are read as characters of the text (the option quotes: csv says otherwise)`);
  }
  return { delimiter, quotes, hasPlainQuotes };
}

/** The delimiter of a first line such as `sep=;`, which is then behind the reader. */
async function takeSeparatorLine(lines: LineReader): Promise<string | undefined> {
  const first = await lines.next();
  if (first === undefined) return undefined;
  const found = /^"?sep=(.)"?$/i.exec(first.text)?.[1];
  if (found === undefined) lines.unread([first]);
  return found;
}

/** How the first rows look with one delimiter. */
interface Fit {
  readonly delimiter: string;
  /** Cells of the first row. */
  readonly width: number;
  /** Share of the other rows that have as many. */
  readonly share: number;
}

function tell(file: string, sample: readonly Line[], usual: string, bad: BadRows): string {
  const fits = [usual, ...candidates.filter((candidate) => candidate !== usual)]
    .map((delimiter) => fitOf(sample, delimiter))
    .filter(({ width }) => width > 1);
  const whole = fits.filter(({ share }) => share === 1);
  if (whole.length > 1) throw ambiguous(file, whole);
  const single = fitOf(sample, usual).width === 1;
  const [best] = whole.length > 0 ? whole : fits.sort((a, b) => b.share - a.share);
  if (best === undefined || best.share === 1) return best?.delimiter ?? usual;
  // No delimiter fits all rows: some are bad, or the table has one column whose name happens to hold a delimiter.
  if (!single) return usual;
  if (best.share >= agreeingShare) return best.delimiter;
  const others = widthsOf(sample, best.delimiter).slice(1);
  if (others.filter((width) => width > 1).length >= agreeingShare * others.length) {
    bad.note(
      `warning: ${file}: read as one column, but the header and most rows hold ${showDelimiter(best.delimiter)}, in different numbers; if that separates cells, mend the header, or say so with the option delimiter`,
    );
  }
  return usual;
}

function fitOf(sample: readonly Line[], delimiter: string): Fit {
  const widths = widthsOf(sample, delimiter);
  const [width = 0, ...others] = widths;
  const same = others.filter((other) => other === width).length;
  return { delimiter, width, share: others.length === 0 ? 1 : same / others.length };
}

/** The number of cells of each row; a quote out of place makes a row of its line alone. */
function widthsOf(sample: readonly Line[], delimiter: string): number[] {
  const widths: number[] = [];
  for (let i = 0; i < sample.length; i++) {
    const { text } = sample[i]!;
    if (text === "") continue;
    const row = new QuotedRow(delimiter);
    let state = row.feed(text);
    let last = i;
    while (state === "open" && last + 1 < sample.length) state = row.feed(sample[++last]!.text);
    if (state === "whole") {
      widths.push(row.cells.length);
      i = last;
    } else if (state === "stray") {
      // Between commas and semicolons that is an error, so that this delimiter is not likely the one.
      widths.push(mayHoldQuotes(delimiter) ? relaxedCells(text, delimiter).cells.length : 0);
    } else if (!mayHoldQuotes(delimiter)) {
      // The cell goes on behind the sample: these lines are no rows.
      break;
    }
  }
  return widths;
}

/** Whether a quote stands where no program that quotes cells would have put it. */
function hasStrayQuotes(sample: readonly Line[], delimiter: string): boolean {
  for (let i = 0; i < sample.length; i++) {
    const row = new QuotedRow(delimiter);
    let state = row.feed(sample[i]!.text);
    let last = i;
    while (state === "open" && last + 1 < sample.length) state = row.feed(sample[++last]!.text);
    if (state === "stray") return true;
    // The cell may be closed behind the sample.
    if (state === "open") return sample.length < sampledLines && lengthOf(sample) < sampledCharacters;
    i = last;
  }
  return false;
}

function lengthOf(sample: readonly Line[]): number {
  return sample.reduce((length, { text }) => length + text.length + 1, 0);
}

function ambiguous(file: string, fits: readonly Fit[]): TagformerError {
  const readings = fits.map(({ delimiter, width }) => `${width} with ${showDelimiter(delimiter)}`).join(", ");
  return invalidData(
    `${file}: every row has the same number of cells whichever delimiter is taken (${readings}); say which with the option delimiter`,
  );
}
