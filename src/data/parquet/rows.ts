// The rows of a Parquet file: row group after row group, and page after page in each column.
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { invalidData, messageOf, TagformerError } from "../../base/errors.js";
import type { BadRows } from "../bad-rows.js";
import type { Row } from "../row.js";
import { isInShard, type Shard } from "../shard.js";
import type { TableSource } from "../source.js";
import { DamagedText } from "./cells.js";
import { type Column, openColumn } from "./columns.js";
import { ParquetFile, type RowGroup, rowGroupsOf } from "./file.js";

/**
 * Streams the rows of a Parquet file, or of a part of it: whole row groups, so that no other ones are read; single rows
 * where there are fewer groups than parts. Memory depends on the size of its pages, about a megabyte for each column by default, and not
 * on that of its row groups. Parquet is read from its end: what is no file, such as a stream, is kept in a temporary one.
 *
 * @throws TagformerError `IO`, or `INVALID_DATA` when it is no Parquet file, is damaged, encrypted, or uses what is not known here
 */
export async function* readParquetRows(
  source: TableSource,
  bad: BadRows,
  signal?: AbortSignal,
  shard: Shard = { index: 0, count: 1 },
): AsyncGenerator<Row> {
  const { path, remove } = await seekable(source, signal);
  try {
    const file = await ParquetFile.open(source.name, path);
    try {
      const groups = await openGroups(source.name, file);
      const byGroups = groups.length >= shard.count;
      let first = 1;
      for (const [i, group] of groups.entries()) {
        const place = { number: i + 1, first };
        first += group.rows;
        if (byGroups && !isInShard(shard, i)) continue;
        for await (const row of new GroupReader(source.name, file, group, place, bad).rows(signal)) {
          if (byGroups || isInShard(shard, row.line - 1)) yield row;
        }
      }
    } finally {
      await file.close();
    }
  } finally {
    await remove();
  }
}

/** A regular file with the source's bytes. */
async function seekable(
  source: TableSource,
  signal: AbortSignal | undefined,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const { file } = source;
  // A file that is not there is left to the one who opens it.
  if (file !== undefined && ((await stat(file).catch(() => null))?.isFile() ?? true)) {
    return { path: file, remove: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), "tagformer-parquet-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "table.parquet");
    await pipeline(Readable.from(source.bytes(signal)), createWriteStream(path), { signal });
    return { path, remove };
  } catch (error) {
    await remove();
    signal?.throwIfAborted();
    throw error;
  }
}

async function openGroups(name: string, file: ParquetFile): Promise<RowGroup[]> {
  const metadata = await file.readMetadata();
  let groups: RowGroup[];
  try {
    groups = rowGroupsOf(metadata, file.size);
  } catch (error) {
    throw invalidData(`${name}: cannot be read as a Parquet file: ${messageOf(error)}`, error);
  }
  const names = groups[0]?.columns.map(({ tree }) => tree.element.name) ?? [];
  const twice = names.find((column, i) => names.indexOf(column) !== i);
  if (twice === undefined) return groups;
  const problem = `has two columns named ${JSON.stringify(twice)}; every column needs a name of its own`;
  throw invalidData(`${name}: ${problem}`);
}

class GroupReader {
  readonly #name: string;
  readonly #group: RowGroup;
  readonly #place: { readonly number: number; readonly first: number };
  readonly #columns: readonly Column[];
  readonly #bad: BadRows;

  /** @param place number of the group and of its first row, from 1 */
  constructor(
    name: string,
    file: ParquetFile,
    group: RowGroup,
    place: { readonly number: number; readonly first: number },
    bad: BadRows,
  ) {
    this.#name = name;
    this.#group = group;
    this.#place = place;
    this.#bad = bad;
    this.#columns = group.columns.map(({ tree, chunks }) =>
      this.#guard(tree.element.name, () => openColumn(file, tree, chunks)),
    );
  }

  async *rows(signal: AbortSignal | undefined): AsyncGenerator<Row> {
    for (let done = 0; done < this.#group.rows; ) {
      signal?.throwIfAborted();
      for (const column of this.#columns) {
        await column.fill().catch((error: unknown) => this.#fail(column.name, error));
      }
      const rows = Math.min(this.#group.rows - done, ...this.#columns.map(({ ready }) => ready));
      const cells = this.#columns.map((column) => this.#guard(column.name, () => column.take(rows)));
      for (let row = 0; row < rows; row++) yield this.#row(this.#place.first + done + row, cells, row);
      done += rows;
    }
  }

  #row(line: number, columns: readonly ((row: number) => unknown)[], row: number): Row {
    const cells = new Map<string, unknown>();
    for (const [i, { name }] of this.#columns.entries()) {
      const cell = columns[i]!(row);
      const repair = (value: unknown) =>
        value instanceof DamagedText ? this.#repaired(value, name, line) : value;
      cells.set(name, Array.isArray(cell) ? cell.map(repair) : repair(cell));
    }
    return { line, unit: "row", cells };
  }

  /** @throws TagformerError `INVALID_DATA` unless what is not UTF-8 is to be replaced */
  #repaired({ repaired }: DamagedText, column: string, line: number): string {
    const { onReplaced } = this.#bad;
    if (onReplaced === undefined) {
      throw invalidData(
        `${this.#name}, row ${line}: column ${JSON.stringify(column)} holds a text that is not valid UTF-8; write the table anew, or have such bytes replaced (encodingErrors: replace)`,
      );
    }
    onReplaced(repaired.split("\u{fffd}").length - 1);
    return repaired;
  }

  #guard<T>(column: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      return this.#fail(column, error);
    }
  }

  #fail(column: string, error: unknown): never {
    if (error instanceof TagformerError) throw error;
    const { number, first } = this.#place;
    const where = `row group ${number}, rows ${first} to ${first + this.#group.rows - 1}`;
    const problem = `column ${JSON.stringify(column)} cannot be read in ${where}: ${messageOf(error)}`;
    throw invalidData(
      `${this.#name}: ${problem}; the file is damaged, or written by an unusual program`,
      error,
    );
  }
}
