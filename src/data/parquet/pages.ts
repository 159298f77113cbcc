// The pages of one column in one row group, read one by one: memory depends on the size of a page alone.
import { crc32 } from "node:zlib";
import type { DecodedArray, Encoding, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { cellReader } from "./cells.js";
import { decompress, isKnownCodec } from "./compression.js";
import type { Chunk, ParquetFile } from "./file.js";
import { bitWidth, type Numbers, readRuns } from "./runs.js";

/** Bytes that are read at once, or more where a page needs them. */
const windowBytes = 64 * 2 ** 10;

/** More values in a page are taken for damage, before they fill the memory. */
const maxPageValues = 2 ** 26;

/** Cells as places in a dictionary, which takes a byte for most, or one by one. */
export type Cells =
  | { readonly places: Numbers; readonly dictionary: readonly unknown[] }
  | readonly unknown[];

/** One page. */
export interface Page {
  /** Number of values, those that are missing included. */
  readonly count: number;
  /** How deep in lists each value begins anew; absent for columns without lists. */
  readonly repetition?: Numbers;
  /** How many of the column's optional levels each value has; absent where all are there. */
  readonly definition?: Numbers;
  /** The values that are there. */
  readonly cells: Cells;
}

/** Reads the pages of a chunk in order. */
export class PageReader {
  readonly #file: ParquetFile;
  readonly #chunk: Chunk;
  readonly #toCell: ReturnType<typeof cellReader>;
  readonly #levels: { readonly repetition: number; readonly definition: number };
  #dictionary: readonly unknown[] | undefined;
  /** Of the next byte, in the file. */
  #position: number;
  /** Bytes of the file from `#bufferPosition` on; used again and again. */
  #buffer: Buffer = Buffer.alloc(0);
  #bufferPosition: number;
  #bufferLength = 0;
  #valuesLeft: number;

  /** @throws Error when the column is packed in a way that is not known */
  constructor(file: ParquetFile, chunk: Chunk) {
    this.#file = file;
    this.#chunk = chunk;
    this.#toCell = cellReader(chunk.path.at(-1)!.element);
    this.#levels = levelsOf(chunk);
    this.#position = chunk.start;
    this.#bufferPosition = chunk.start;
    this.#valuesLeft = Number(chunk.metadata.num_values);
    if (isKnownCodec(chunk.metadata.codec)) return;
    throw new Error(
      `it is packed with ${chunk.metadata.codec ?? "a codec of an unknown number"}, which is not known here`,
    );
  }

  /**
   * The next page; `undefined` after the last.
   *
   * @throws Error when the file is damaged, or uses what is not known here
   */
  async next(): Promise<Page | undefined> {
    while (this.#valuesLeft > 0) {
      const header = await this.#header();
      const body = await this.#take(header.compressed_page_size);
      if (header.crc !== undefined && header.crc >>> 0 !== crc32(body)) {
        throw new Error("the checksum of a page is wrong");
      }
      if (header.type === "DICTIONARY_PAGE") this.#readDictionary(header, body);
      else if (header.type !== "INDEX_PAGE") return this.#readPage(header, body);
    }
    return undefined;
  }

  async #header(): Promise<PageHeader> {
    for (let length = windowBytes; ; length *= 4) {
      const window = await this.#window(Math.min(length, this.#bytesLeft));
      const reader = { view: viewOf(window), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.#position += reader.offset;
        this.#check(header);
        return header;
      } catch (error) {
        // Statistics in a header may be long texts.
        if (!(error instanceof RangeError || isCut(error)) || window.length >= this.#bytesLeft) throw error;
      }
    }
  }

  #check({ compressed_page_size: packed, uncompressed_page_size: size }: PageHeader): void {
    const whole = Number(this.#chunk.metadata.total_uncompressed_size);
    if (packed < 0 || packed > this.#bytesLeft) {
      throw new Error(`a page is said to have ${packed} bytes, where ${this.#bytesLeft} are left`);
    }
    if (size < 0 || size > Math.max(whole, packed)) {
      throw new Error(`a page is said to have ${size} bytes unpacked, and the whole column ${whole}`);
    }
  }

  get #bytesLeft(): number {
    return this.#chunk.end - this.#position;
  }

  /** The next bytes, at least so many; they stay as they are until the next call. */
  async #window(length: number): Promise<Buffer> {
    const first = this.#position - this.#bufferPosition;
    if (first + length <= this.#bufferLength) return this.#buffer.subarray(first, this.#bufferLength);
    const wanted = Math.min(Math.max(length, windowBytes), this.#bytesLeft);
    const kept = Math.max(0, this.#bufferLength - first);
    const buffer = wanted <= this.#buffer.length ? this.#buffer : Buffer.allocUnsafeSlow(wanted);
    this.#buffer.copy(buffer, 0, first, first + kept);
    await this.#file.read(this.#position + kept, buffer.subarray(kept, wanted));
    this.#buffer = buffer;
    this.#bufferPosition = this.#position;
    this.#bufferLength = wanted;
    return buffer.subarray(0, wanted);
  }

  async #take(length: number): Promise<Buffer> {
    const bytes = (await this.#window(length)).subarray(0, length);
    this.#position += length;
    return bytes;
  }

  #readDictionary(header: PageHeader, body: Buffer): void {
    const bytes = this.#unpack(body, header.uncompressed_page_size);
    const count = header.dictionary_page_header?.num_values ?? 0;
    if (count < 0 || count > 8 * bytes.length)
      throw new Error(`a dictionary of ${count} values in ${bytes.length} bytes`);
    this.#dictionary = this.#toCells(this.#plain(bytes, count));
  }

  #unpack(body: Uint8Array, size: number): Uint8Array {
    return decompress(body, size, this.#chunk.metadata.codec);
  }

  #readPage(header: PageHeader, body: Buffer): Page {
    const { data_page_header: first, data_page_header_v2: second } = header;
    const count = first?.num_values ?? second?.num_values ?? -1;
    if (count < 0 || count > Math.min(this.#valuesLeft, maxPageValues)) {
      throw new Error(`a page is said to have ${count} values, where ${this.#valuesLeft} are left`);
    }
    this.#valuesLeft -= count;
    const { repetition, definition, rest } = second
      ? this.#levelsOfSecond(second, body)
      : this.#levelsOfFirst(first!, this.#unpack(body, header.uncompressed_page_size), count);
    const bytes =
      second && second.is_compressed !== false
        ? this.#unpack(rest, header.uncompressed_page_size - (body.length - rest.length))
        : rest;
    const present = definition ? countOf(definition, this.#levels.definition) : count;
    const cells = this.#values((first ?? second)!.encoding, bytes, present);
    return {
      count,
      cells,
      ...(repetition && { repetition }),
      ...(definition && present < count && { definition }),
    };
  }

  /** Levels of a page of the first kind, each behind its length. */
  #levelsOfFirst(header: NonNullable<PageHeader["data_page_header"]>, bytes: Uint8Array, count: number) {
    let rest = bytes;
    const read = (most: number, encoding: Encoding): Numbers | undefined => {
      if (most === 0) return undefined;
      if (encoding !== "RLE")
        throw new Error(`its levels are in the encoding ${encoding}, which is not known here`);
      const { runs, behind } = prefixed(rest);
      rest = behind;
      return readRuns(runs, bitWidth(most), count);
    };
    const repetition = read(this.#levels.repetition, header.repetition_level_encoding);
    const definition = read(this.#levels.definition, header.definition_level_encoding);
    return { repetition, definition, rest };
  }

  /** Levels of a page of the second kind, whose lengths its header has, and which are never packed. */
  #levelsOfSecond(header: NonNullable<PageHeader["data_page_header_v2"]>, body: Uint8Array) {
    const {
      repetition_levels_byte_length: first,
      definition_levels_byte_length: second,
      num_values: count,
    } = header;
    if (first < 0 || second < 0 || first + second > body.length)
      throw new Error("its levels are longer than their page");
    const { repetition: mostRepeated, definition: mostDefined } = this.#levels;
    const read = (most: number, bytes: Uint8Array) =>
      most === 0 ? undefined : readRuns(bytes, bitWidth(most), count);
    return {
      repetition: read(mostRepeated, body.subarray(0, first)),
      definition: read(mostDefined, body.subarray(first, first + second)),
      rest: body.subarray(first + second),
    };
  }

  #values(encoding: Encoding, bytes: Uint8Array, count: number): Cells {
    const { type, element } = { type: this.#chunk.metadata.type, element: this.#chunk.path.at(-1)!.element };
    if (count === 0) return [];
    const reader = { view: viewOf(bytes), offset: 0 };
    switch (encoding) {
      case "PLAIN":
        return type === "BOOLEAN"
          ? truths(this.#plain(bytes, count) as boolean[])
          : this.#toCells(this.#plain(bytes, count));
      case "PLAIN_DICTIONARY":
      case "RLE_DICTIONARY":
        return this.#fromDictionary(readRuns(bytes.subarray(1), bytes[0] ?? 0, count));
      case "RLE":
        return truths(readRuns(prefixed(bytes).runs, 1, count));
      case "DELTA_BINARY_PACKED": {
        const numbers = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
        deltaBinaryUnpack(reader, count, numbers);
        return this.#toCells(numbers);
      }
      case "DELTA_LENGTH_BYTE_ARRAY":
      case "DELTA_BYTE_ARRAY": {
        const texts: Uint8Array[] = [];
        (encoding === "DELTA_BYTE_ARRAY" ? deltaByteArray : deltaLengthByteArray)(reader, count, texts);
        return this.#toCells(texts);
      }
      case "BYTE_STREAM_SPLIT":
        return this.#toCells(byteStreamSplit(reader, count, type, element.type_length));
      default:
        throw new Error(
          `its values are in the encoding ${encoding ?? "of an unknown number"}, which is not known here`,
        );
    }
  }

  #fromDictionary(places: Numbers): Cells {
    const dictionary = this.#dictionary;
    if (dictionary === undefined) throw new Error("a page needs a dictionary that is not there");
    for (const place of places) {
      if (place >= dictionary.length)
        throw new Error(`place ${place} in a dictionary of ${dictionary.length} values`);
    }
    return { places, dictionary };
  }

  #plain(bytes: Uint8Array, count: number): DecodedArray {
    const { type_length: length } = this.#chunk.path.at(-1)!.element;
    return readPlain({ view: viewOf(bytes), offset: 0 }, this.#chunk.metadata.type, count, length);
  }

  #toCells(values: DecodedArray): unknown[] {
    return Array.from(values as ArrayLike<boolean | number | bigint | Uint8Array>, this.#toCell);
  }
}

/** How many levels of lists, and of what may be missing, lie between a table and a column's values. */
export function levelsOf({ path }: Chunk): { readonly repetition: number; readonly definition: number } {
  const kinds = path.slice(1).map(({ element }) => element.repetition_type);
  return {
    repetition: kinds.filter((kind) => kind === "REPEATED").length,
    definition: kinds.filter((kind) => kind !== "REQUIRED").length,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What hyparquet throws where a header goes on behind the bytes that it was given. */
function isCut(error: unknown): boolean {
  return error instanceof Error && /^thrift (struct ended|binary length)/.test(error.message);
}

function prefixed(bytes: Uint8Array): { runs: Uint8Array; behind: Uint8Array } {
  const length = viewOf(bytes).getUint32(0, true);
  if (length > bytes.length - 4) throw new Error("its levels are longer than their page");
  return { runs: bytes.subarray(4, 4 + length), behind: bytes.subarray(4 + length) };
}

function countOf(numbers: Numbers, wanted: number): number {
  let count = 0;
  for (const number of numbers) if (number === wanted) count++;
  return count;
}

function truths(values: ArrayLike<number | boolean>): Cells {
  return { places: Uint8Array.from(values as ArrayLike<number>, Number), dictionary: [false, true] };
}
