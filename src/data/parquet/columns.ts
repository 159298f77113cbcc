// The columns of a row group as cells, row by row.

import type { SchemaTree } from "hyparquet";
import { assembleLists, assembleNested } from "hyparquet/src/assemble.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import type { Chunk, ParquetFile } from "./file.js";
import { type Cells, levelsOf, type Page, PageReader } from "./pages.js";

/** One column of a table, from which the cells of the next rows are taken. */
export interface Column {
  readonly name: string;
  /** Rows that can be taken without reading. */
  readonly ready: number;
  /**
   * Reads until a row can be taken.
   *
   * @throws Error when there is none, or it cannot be read
   */
  fill(): Promise<void>;
  /** The cells of the next rows, at most {@link ready}: number of a row, from 0, to its cell. */
  take(rows: number): (row: number) => unknown;
}

/** The column that fits what a table has at this place: a value a row, or lists and objects. */
export function openColumn(file: ParquetFile, tree: SchemaTree, chunks: readonly Chunk[]): Column {
  const isFlat = tree.children.length === 0 && tree.element.repetition_type !== "REPEATED";
  return isFlat ? new FlatColumn(file, chunks[0]!) : new NestedColumn(file, tree, chunks);
}

class FlatColumn implements Column {
  readonly name: string;
  readonly #pages: PageReader;
  readonly #isMissing: number;
  #at: (row: number) => unknown = () => undefined;
  #count = 0;
  #taken = 0;

  constructor(file: ParquetFile, chunk: Chunk) {
    this.name = chunk.path[1]!.element.name;
    this.#pages = new PageReader(file, chunk);
    this.#isMissing = levelsOf(chunk).definition;
  }

  get ready(): number {
    return this.#count - this.#taken;
  }

  async fill(): Promise<void> {
    while (this.ready === 0) {
      const page = await this.#pages.next();
      if (page === undefined) throw new Error("it has fewer values than there are rows");
      this.#at = accessor(page, this.#isMissing);
      this.#count = page.count;
      this.#taken = 0;
    }
  }

  take(rows: number): (row: number) => unknown {
    const [at, first] = [this.#at, this.#taken];
    this.#taken += rows;
    return (row) => at(first + row);
  }
}

/** The cell of each value of a page without lists; `null` where it is missing. */
function accessor({ count, definition, cells }: Page, most: number): (row: number) => unknown {
  const at = reader(cells);
  if (definition === undefined) return at;
  const places = new Uint32Array(count);
  let present = 0;
  for (const [row, level] of definition.entries()) if (level === most) places[row] = present++;
  return (row) => (definition[row] === most ? at(places[row]!) : null);
}

function reader(cells: Cells): (place: number) => unknown {
  if (!("dictionary" in cells)) return (place) => cells[place];
  const { places, dictionary } = cells;
  return (place) => dictionary[places[place]!];
}

/** Lists, structs and maps: arrays and objects put together from the values of one chunk or several. */
class NestedColumn implements Column {
  readonly name: string;
  readonly #tree: SchemaTree;
  readonly #leaves: readonly Leaf[];

  constructor(file: ParquetFile, tree: SchemaTree, chunks: readonly Chunk[]) {
    this.name = tree.element.name;
    this.#tree = tree;
    this.#leaves = chunks.map((chunk) => new Leaf(file, chunk));
  }

  get ready(): number {
    return Math.min(...this.#leaves.map(({ ready }) => ready));
  }

  async fill(): Promise<void> {
    for (const leaf of this.#leaves) await leaf.fill();
  }

  take(rows: number): (row: number) => unknown {
    const data = new Map(this.#leaves.map((leaf) => [leaf.name, leaf.take(rows)]));
    assembleNested(data, this.#tree, DEFAULT_PARSERS);
    const cells = data.get(this.name);
    if (cells?.length !== rows) throw new Error("its lists do not fit together");
    return (row) => cells[row];
  }
}

/** The values of one chunk as lists in lists, a row each. */
class Leaf {
  readonly name: string;
  readonly #pages: PageReader;
  readonly #path: SchemaTree[];
  readonly #repeats: boolean;
  #rows: unknown[] = [];
  /** Of the rows, those that were taken. */
  #taken = 0;
  #isWhole = false;

  constructor(file: ParquetFile, chunk: Chunk) {
    this.name = chunk.path.at(-1)!.path.join(".");
    this.#pages = new PageReader(file, chunk);
    this.#path = [...chunk.path];
    this.#repeats = levelsOf(chunk).repetition > 0;
  }

  /** The last row that was read may go on in the next page. */
  get ready(): number {
    return this.#rows.length - this.#taken - (this.#repeats && !this.#isWhole ? 1 : 0);
  }

  async fill(): Promise<void> {
    while (this.ready <= 0) {
      const page = await this.#pages.next();
      if (page !== undefined) {
        this.#append(page);
      } else if (this.#isWhole || this.#rows.length === this.#taken) {
        throw new Error("it has fewer values than there are rows");
      } else {
        this.#isWhole = true;
      }
    }
  }

  #append({ count, repetition, definition, cells }: Page): void {
    if (count === 0) return;
    const at = reader(cells);
    const length = "dictionary" in cells ? cells.places.length : cells.length;
    const values = Array.from({ length }, (_, i) => at(i));
    const rows = this.#rows.slice(this.#taken);
    this.#rows = rows;
    this.#taken = 0;
    const assembled = assembleLists(
      rows,
      definition && [...definition],
      repetition ? [...repetition] : [],
      values,
      this.#path,
    );
    // Without any levels the values themselves come back.
    if (assembled !== rows) for (const value of values) rows.push(value);
  }

  take(rows: number): unknown[] {
    this.#taken += rows;
    return this.#rows.slice(this.#taken - rows, this.#taken);
  }
}
