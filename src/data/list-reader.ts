// A column whose cells say all about the labels of a row: lists of names or ids, objects with values, vectors.
import { didYouMean } from "../base/suggestion.js";
import { showCell } from "./cell.js";
import { sameName } from "./column-names.js";
import {
  acceptedLabelLists,
  type LabelList,
  parseStructured,
  plainNumbersOf,
  splitNames,
} from "./label-lists.js";
import type { LabelMatrix, LabelReader } from "./label-matrix.js";
import { fastTextPrefix, showSeparator } from "./label-separator.js";
import { acceptedSoftLabels } from "./labels.js";
import { type ListNotation, missingList } from "./list-notation.js";
import type { Row } from "./row.js";

/** Different cells whose labels are kept, because most lists recur. */
const keptCells = 100_000;

/** The labels that a row names: index and value, one after the other; `null` where all are missing. */
type Named = readonly number[] | null;

/** Labels that may occur, in order, and their ids where these are not their places. */
export interface KnownLabels {
  readonly names: readonly string[];
  readonly ids?: ReadonlyMap<string, string> | undefined;
}

/** Reads a column of lists. What a list or object does not name is not set. */
export class ListReader implements LabelReader {
  readonly columns: readonly string[];
  readonly #column: string;
  readonly #known: KnownLabels | undefined;
  readonly #notation: ListNotation;
  readonly #indices = new Map<string, number>();
  readonly #rows: Named[] = [];
  readonly #read = new Map<string, Named>();

  /** @param known the labels that may occur; without them, those that do */
  constructor(column: string, notation: ListNotation, known: KnownLabels | undefined) {
    this.columns = [column];
    this.#column = column;
    this.#notation = notation;
    this.#known = known;
    for (const name of known?.names ?? []) this.#indices.set(name, this.#indices.size);
  }

  add({ cells }: Row): string | undefined {
    const cell = cells.get(this.#column);
    const before = typeof cell === "string" ? this.#read.get(cell) : undefined;
    const named = before === undefined ? this.#namedBy(cell) : before;
    if (typeof named === "string") return `column ${JSON.stringify(this.#column)} ${named}`;
    if (typeof cell === "string" && this.#read.size < keptCells) this.#read.set(cell, named);
    this.#rows.push(named);
    return undefined;
  }

  /** What a cell names, or what is wrong with it. */
  #namedBy(cell: unknown): Named | string {
    if (missingList(cell, this.#known?.names)) return null;
    const list = this.#parse(cell);
    if (list === "broken") return this.#unexpected(cell);
    if ("values" in list) return this.#fromValues(list.values);
    if ("names" in list) return this.#fromNames(list.names);
    switch (this.#notation.format) {
      case "names":
        return this.#unexpected(cell);
      case "ids":
        return this.#fromIds(cell, list.numbers);
      case "multi-hot":
        return this.#fromVector(cell, list.numbers);
    }
  }

  #parse(cell: unknown): LabelList | "broken" {
    const { format, separator, fastText } = this.#notation;
    const list = parseStructured(cell);
    if (format === "names") {
      if (list === undefined) {
        const parts = splitNames(
          fastText ? String(cell).replaceAll(",", " ") : String(cell),
          fastText ? " " : separator,
        );
        return { names: fastText ? parts.map((part) => part.replace(fastTextPrefix, "")) : parts };
      }
      // Numbers are names only where all are known or the caller says so.
      return list !== "broken" && "numbers" in list && this.#takesNumbers(list.numbers)
        ? { names: list.numbers }
        : list;
    }
    if (list !== undefined) return list;
    if (String(cell).trim() === "") return { names: [] };
    const numbers = plainNumbersOf(String(cell));
    return numbers === undefined ? "broken" : { numbers };
  }

  #takesNumbers(numbers: readonly string[]): boolean {
    return this.#notation.numbersAreNames || (this.#known?.names.includes(numbers[0]!) ?? false);
  }

  #unexpected(cell: unknown): string {
    return `holds ${showCell(cell)}; expected ${this.#expected()}`;
  }

  #expected(): string {
    switch (this.#notation.format) {
      case "names":
        return acceptedLabelLists;
      case "ids":
        return "ids of labels, such as 0 or [1, 2]";
      case "multi-hot":
        return `${this.#known?.names.length ?? "some"} numbers from 0 to 1, such as [0, 1, 0]`;
    }
  }

  #fromNames(names: readonly string[]): Named | string {
    const { unseen } = this.#notation;
    const named: number[] = [];
    for (const name of names) {
      const separator = unseen.find((other) => name.includes(other));
      if (separator !== undefined) {
        return `lists ${showCell(name)}, with ${showSeparator(separator)} as no label of the first rows has it; say what separates labels with the option labelSeparator`;
      }
      const index = this.#indexOf(name);
      if (index === undefined)
        return `lists an unknown label ${showCell(name)}${didYouMean(name, this.#known!.names)}`;
      named.push(index, 1);
    }
    return named;
  }

  #fromValues(values: Extract<LabelList, { values: unknown }>["values"]): Named | string {
    const named: number[] = [];
    for (const [name, { label, written }] of values) {
      const index = this.#indexOf(name);
      if (index === undefined)
        return `names an unknown label ${showCell(name)}${didYouMean(name, this.#known!.names)}`;
      if (label === undefined) {
        return `gives the label ${showCell(name)} the value ${showCell(written)}; expected ${acceptedSoftLabels}`;
      }
      named.push(index, label);
    }
    return named;
  }

  #fromIds(cell: unknown, numbers: readonly string[]): Named | string {
    if (this.#known === undefined) return this.#unexpected(cell);
    const { names, ids } = this.#known;
    const named: number[] = [];
    for (const id of numbers) {
      const name = ids ? ids.get(id) : /^\d+$/.test(id) ? names[Number(id)] : undefined;
      const index = name === undefined ? undefined : this.#indexOf(name);
      if (index === undefined) {
        const expected = ids
          ? `one of ${[...ids.keys()].slice(0, 20).join(", ")}`
          : `0 to ${names.length - 1}`;
        return `holds the id ${id}, which no label has; expected ${expected}`;
      }
      named.push(index, 1);
    }
    return named;
  }

  #fromVector(cell: unknown, numbers: readonly string[]): Named | string {
    const values = numbers.map(Number).map((value) => (value === -1 ? Number.NaN : value));
    const isWhole =
      values.length === this.#known?.names.length && !values.some((value) => value < 0 || value > 1);
    if (!isWhole) return this.#unexpected(cell);
    return values.flatMap((value, i) => (value === 0 ? [] : [i, value]));
  }

  /** The place of a label; `undefined` where it may not occur. */
  #indexOf(name: string): number | undefined {
    const index = this.#indices.get(name);
    if (index !== undefined) return index;
    if (this.#known !== undefined) {
      const same = sameName(name, this.#known.names);
      return same === undefined ? undefined : this.#indices.get(same);
    }
    this.#indices.set(name, this.#indices.size);
    return this.#indices.size - 1;
  }

  /** Labels that were found are sorted, so that their order does not depend on the order of the rows. */
  finish(): LabelMatrix {
    const found = [...this.#indices.keys()];
    const names = this.#known?.names ?? [...found].sort();
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
