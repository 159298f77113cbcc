// What one cell says about all labels of a row, before it is known what its numbers mean.
import { isObject } from "./cell.js";
import { isNumberValue } from "./json-values.js";
import { parseLabel, parseSoftLabel } from "./labels.js";
import { type Literal, looksLiteral, NumberLiteral, parseLiteral } from "./literals.js";

/** The cells that a column of lists may hold, for messages. */
export const acceptedLabelLists =
  'a list such as ["a", "b"], [\'a\', \'b\'] or a|b, or an object such as {"a": 1, "b": 0.3}';

/** What a cell lists. */
export type LabelList =
  /** Names of the labels that are set. */
  | { readonly names: readonly string[] }
  /** Numbers as they are written: ids of the labels that are set, or a value for each label. */
  | { readonly numbers: readonly string[] }
  /** Names with values: 0 to 1, NaN where the label is missing, `undefined` for what is no value. */
  | {
      readonly values: ReadonlyMap<string, { readonly label: number | undefined; readonly written: unknown }>;
    };

/**
 * Reads a cell that is a list or object by itself: a JSON value, or text in the notation of JSON, Python or NumPy.
 *
 * @returns `undefined` for other text, whose separator has to be known, and `broken` for what is no list of names or of numbers
 */
export function parseStructured(cell: unknown): LabelList | "broken" | undefined {
  if (typeof cell === "string") {
    const text = cell.trim();
    const literal = /^[[({sfatlOd]/.test(text) ? parseLiteral(text) : undefined;
    if (literal !== undefined) return fromLiteral(literal);
    return looksLiteral(text) ? "broken" : undefined;
  }
  if (isNumberValue(cell)) return { numbers: [String(cell)] };
  if (typeof cell === "boolean") return "broken";
  if (Array.isArray(cell)) return fromList(cell);
  const entries = cell instanceof Map ? [...cell] : isObject(cell) ? Object.entries(cell) : undefined;
  return entries === undefined ? "broken" : fromEntries(entries);
}

/** The parts of plain text, without white space around them and without empty ones. */
export function splitNames(text: string, separator: string | undefined): readonly string[] {
  const parts =
    separator === undefined ? [text] : separator === " " ? text.split(/\s+/) : text.split(separator);
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

const plainNumber = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?";
const plainNumbers = new RegExp(`^\\s*${plainNumber}(?:[\\s,;|#]+${plainNumber})*[\\s,;|#]*$`);

/** The numbers of plain text that holds nothing else, whatever separates them. */
export function plainNumbersOf(text: string): readonly string[] | undefined {
  return plainNumbers.test(text)
    ? text
        .trim()
        .split(/[\s,;|#]+/)
        .filter((part) => part !== "")
    : undefined;
}

function fromLiteral(literal: Literal): LabelList | "broken" {
  return literal instanceof Map ? fromEntries([...literal]) : fromList(literal as readonly unknown[]);
}

function fromList(list: readonly unknown[]): LabelList | "broken" {
  if (list.length === 0) return { names: [] };
  const numbers = list.map(writtenNumber);
  if (!numbers.includes(undefined)) return { numbers: numbers as string[] };
  return list.every((name) => typeof name === "string" && name.trim() !== "")
    ? { names: list as readonly string[] }
    : "broken";
}

function writtenNumber(value: unknown): string | undefined {
  if (value instanceof NumberLiteral) return value.digits;
  if (typeof value === "boolean") return String(Number(value));
  return isNumberValue(value) ? String(value) : undefined;
}

function fromEntries(entries: readonly (readonly [unknown, unknown])[]): LabelList | "broken" {
  if (!entries.every(([name]) => typeof name === "string" && name.trim() !== "")) return "broken";
  const values = entries.map(([name, value]) => {
    const written = value instanceof NumberLiteral ? Number(value.digits) : value;
    return [name as string, { label: parseLabel(written) ?? parseSoftLabel(written), written }] as const;
  });
  return { values: new Map(values) };
}
