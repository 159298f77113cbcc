// A Parquet file: its bytes, its schema, and where its columns are.
import { type FileHandle, open } from "node:fs/promises";
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { invalidData, messageOf, TagformerError } from "../../base/errors.js";
import { readError } from "../bytes.js";

const magic = "PAR1";
const encryptedMagic = "PARE";
/** The length of the metadata and the magic number, at the end of a file. */
const footerBytes = 8;
/** Metadata that is longer is taken for damage, before it fills the memory. */
const maxMetadataBytes = 256 * 2 ** 20;

/** A Parquet file that is open. */
export class ParquetFile {
  readonly #name: string;
  readonly #handle: FileHandle;
  readonly size: number;

  private constructor(name: string, handle: FileHandle, size: number) {
    this.#name = name;
    this.#handle = handle;
    this.size = size;
  }

  /** @throws TagformerError `IO` */
  static async open(name: string, path: string): Promise<ParquetFile> {
    try {
      const handle = await open(path, "r");
      return new ParquetFile(name, handle, (await handle.stat()).size);
    } catch (error) {
      throw readError(name, error);
    }
  }

  /**
   * Fills `bytes` from a place of the file on.
   *
   * @throws TagformerError `IO` when the file cannot be read, or has become shorter
   */
  async read(start: number, bytes: Buffer): Promise<Buffer> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#handle
        .read(bytes, done, bytes.length - done, start + done)
        .catch((error) => {
          throw readError(this.#name, error);
        });
      if (bytesRead === 0) {
        throw new TagformerError(
          "IO",
          `${this.#name} was cut while it was being read: it had ${this.size} bytes`,
        );
      }
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** @throws TagformerError `INVALID_DATA` when it is no Parquet file, or not a whole one */
  async readMetadata(): Promise<FileMetaData> {
    if (this.size < magic.length + footerBytes) throw this.#invalid("is too short for a Parquet file");
    const start = (await this.read(0, Buffer.alloc(magic.length))).toString("latin1");
    const footer = await this.read(this.size - footerBytes, Buffer.alloc(footerBytes));
    const end = footer.toString("latin1", 4);
    if (start === encryptedMagic || end === encryptedMagic)
      throw this.#invalid("is encrypted, and cannot be read");
    if (start !== magic) throw this.#invalid("is not a Parquet file, which begins and ends with PAR1");
    if (end !== magic) {
      throw this.#invalid("is a Parquet file without its end; it was cut off, or is still being written");
    }
    const length = footer.readUInt32LE(0);
    if (length > Math.min(this.size - magic.length - footerBytes, maxMetadataBytes)) {
      throw this.#invalid(`is damaged: it says that its metadata has ${length} bytes`);
    }
    const bytes = await this.read(this.size - footerBytes - length, Buffer.alloc(length + footerBytes));
    try {
      return parquetMetadata(bytes, { geoparquet: false });
    } catch (error) {
      throw this.#invalid(`is damaged: its metadata cannot be read (${messageOf(error)})`, error);
    }
  }

  #invalid(problem: string, cause?: unknown): TagformerError {
    return invalidData(`${this.#name}: ${problem}`, cause);
  }
}

/** Stored values of one column in one row group. */
export interface Chunk {
  /** The schema's elements from its root to the column. */
  readonly path: readonly SchemaTree[];
  readonly metadata: ColumnMetaData;
  readonly start: number;
  readonly end: number;
}

/** Some rows of a file. */
export interface RowGroup {
  readonly rows: number;
  /** The columns of the table, each with the chunks of its values: several, where a column has fields. */
  readonly columns: readonly { readonly tree: SchemaTree; readonly chunks: readonly Chunk[] }[];
}

/**
 * Where the columns of each row group are.
 *
 * @throws Error when the metadata contradicts itself, or the file has not what it says
 */
export function rowGroupsOf(metadata: FileMetaData, size: number): RowGroup[] {
  const root = parquetSchema(metadata);
  const leaves = leafPaths([root]);
  const groups = metadata.row_groups.map((group) => {
    if (group.columns.length !== leaves.length) {
      throw new Error(`a row group has ${group.columns.length} columns, and the schema ${leaves.length}`);
    }
    const chunks = leaves.map((path, i) => chunkOf(path, group.columns[i]!, size));
    const columns = root.children.map((tree) => ({
      tree,
      chunks: chunks.filter(({ path }) => path[1] === tree),
    }));
    return { rows: wholeNumber(group.num_rows, "the number of rows of a row group"), columns };
  });
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  if (rows === wholeNumber(metadata.num_rows, "the number of rows")) return groups;
  throw new Error(`its row groups have ${rows} rows together, and the file says ${metadata.num_rows}`);
}

/** A number of the metadata, in which a damaged file may have anything. */
function wholeNumber(value: unknown, what: string): number {
  const number = typeof value === "bigint" || typeof value === "number" ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${what} is ${typeof value === "bigint" ? value : typeof value}`);
}

function leafPaths(path: readonly SchemaTree[]): (readonly SchemaTree[])[] {
  const { children } = path.at(-1)!;
  if (children.length === 0) return path.length > 1 ? [path] : [];
  return children.flatMap((child) => leafPaths([...path, child]));
}

function chunkOf(
  path: readonly SchemaTree[],
  column: FileMetaData["row_groups"][number]["columns"][number],
  size: number,
): Chunk {
  const name = path.at(-1)!.path.join(".");
  const { meta_data: metadata, file_path: elsewhere } = column;
  if (elsewhere) throw new Error(`the column ${name} is in another file, ${elsewhere}`);
  if (metadata === undefined || column.crypto_metadata) throw new Error(`the column ${name} is encrypted`);
  if (metadata.path_in_schema.join(".") !== name) {
    throw new Error(`the column ${metadata.path_in_schema.join(".")} stands where the schema has ${name}`);
  }
  const place = (value: unknown) => wholeNumber(value, `the place or size of the column ${name}`);
  const dictionary = place(metadata.dictionary_page_offset ?? 0);
  const data = place(metadata.data_page_offset);
  const start = dictionary > 0 ? Math.min(dictionary, data) : data;
  const end = start + place(metadata.total_compressed_size);
  place(metadata.total_uncompressed_size);
  place(metadata.num_values);
  if (start < magic.length || end > size - footerBytes) {
    throw new Error(`the column ${name} is said to be in bytes ${start} to ${end} of ${size}`);
  }
  return { path, metadata, start, end };
}
