// Labels as JavaScript has them: an array of the names that are set, or an object that gives names their values.
import { didYouMean } from "../suggestion.js";
import { isObject, showCell } from "./cell.js";
import { acceptedSoftLabels, isBlank, parseLabel, parseSoftLabel } from "./labels.js";
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

/** The columns whose filled cells are arrays of names or objects of labels. */
export function columnsOfLabelSets(head: readonly Row[], columns: readonly string[]): string[] {
  return columns.filter((column) => {
    const cells = head.map((row) => row.cells.get(column)).filter((cell) => !isBlank(cell));
    const share = cells.filter(isLabelSet).length / cells.length;
    return share >= (isNamedLabels(column) ? namedShare : setShare);
  });
}

/** Whether a column has objects of labels among its cells. */
export function holdsLabelObjects(head: readonly Row[], column: string): boolean {
  return head.some((row) => isObject(row.cells.get(column)));
}

function isLabelSet(cell: unknown): boolean {
  if (Array.isArray(cell)) return cell.every((name) => typeof name === "string");
  return isObject(cell) && Object.values(cell).every((value) => labelOf(value) !== undefined);
}

/**
 * Reads a column of objects such as `{ insult: 0.7, threat: 0 }`, among which arrays of names may be. A label that an object
 * does not name is not set; `null` is a missing label, and in place of the object means that all are missing.
 */
export class ObjectReader {
  readonly columns: readonly string[];
  readonly #column: string;
  readonly #allowed: readonly string[] | undefined;
  readonly #indices = new Map<string, number>();
  /** For each row the labels that it names: index and value one after the other; `null` where all are missing. */
  readonly #rows: (Float32Array | null)[] = [];

  /** @param allowed the labels that may occur, in order; without them, those that do */
  constructor(column: string, allowed: readonly string[] | undefined) {
    this.columns = [column];
    this.#column = column;
    this.#allowed = allowed;
    for (const name of allowed ?? []) this.#indices.set(name, this.#indices.size);
  }

  add({ cells }: Row): string | undefined {
    const cell = cells.get(this.#column);
    if (cell === null || cell === undefined) {
      this.#rows.push(null);
      return undefined;
    }
    const entries = entriesOf(cell);
    const column = `column ${JSON.stringify(this.#column)}`;
    if (entries === undefined) {
      return `${column} holds ${showCell(cell)}; expected an array of label names, such as ["a", "b"], or an object such as {"a": 1, "b": 0.3}`;
    }
    for (const [name, value] of entries) {
      if (this.#allowed && !this.#indices.has(name)) {
        return `${column} names an unknown label ${showCell(name)}${didYouMean(name, this.#allowed)}`;
      }
      if (labelOf(value) === undefined) {
        return `${column} gives the label ${showCell(name)} the value ${showCell(value)}; expected ${acceptedSoftLabels}`;
      }
    }
    this.#rows.push(
      Float32Array.from(entries.flatMap(([name, value]) => [this.#indexOf(name), labelOf(value)!])),
    );
    return undefined;
  }

  #indexOf(name: string): number {
    const index = this.#indices.get(name) ?? this.#indices.size;
    this.#indices.set(name, index);
    return index;
  }

  /** Labels that were found are sorted, so that their order does not depend on the order of the rows. */
  finish(): { readonly names: readonly string[]; readonly values: Float32Array } {
    const found = [...this.#indices.keys()];
    const names = this.#allowed ?? [...found].sort();
    const places = new Map(names.map((name, place) => [name, place]));
    const columns = found.map((name) => places.get(name)!);
    const values = new Float32Array(this.#rows.length * names.length);
    for (const [row, named] of this.#rows.entries()) {
      const start = row * names.length;
      if (named === null) values.fill(Number.NaN, start, start + names.length);
      for (let i = 0; i < (named?.length ?? 0); i += 2) values[start + columns[named![i]!]!] = named![i + 1]!;
    }
    return { names, values };
  }
}

/** The names in a cell, with their values. */
function entriesOf(cell: unknown): [string, unknown][] | undefined {
  const entries = isObject(cell)
    ? Object.entries(cell)
    : Array.isArray(cell)
      ? cell.map((name): [unknown, unknown] => [name, 1])
      : undefined;
  const isNamed = (entry: [unknown, unknown]): entry is [string, unknown] =>
    typeof entry[0] === "string" && entry[0].trim() !== "";
  return entries?.every(isNamed) ? entries : undefined;
}

function labelOf(value: unknown): number | undefined {
  return parseLabel(value) ?? parseSoftLabel(value);
}
