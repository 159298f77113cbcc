// Many strings in little memory, compressed: a table of a gigabyte takes half of one.
import { hash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { invalidData } from "../base/errors.js";

/**
 * Strings in order, read as an array is: by number, or one after the other. An array is one. What {@link readDataset} and
 * {@link datasetFromRows} return is kept compressed: reading it in order is fast, while every jump to another place decompresses
 * some 130,000 characters. `[...texts]` is an array of all.
 */
export interface Texts extends Iterable<string> {
  /** Number of strings. */
  readonly length: number;
  /** The string with a number from 0; `undefined` when there is none. */
  readonly [index: number]: string;
  /** The same; a number below 0 counts from the end. */
  at(index: number): string | undefined;
  /** Every string with its number. */
  entries(): Iterable<[number, string]>;
}

/** Whether a value can be read as {@link Texts}, whatever it holds. */
export function isTexts(value: unknown): value is Texts {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return "length" in value && "at" in value && typeof value.at === "function" && "entries" in value;
}

/** Characters of a block: enough to compress well, few enough that a block is decompressed in about a millisecond. */
const blockCharacters = 2 ** 17;
/** Of deflate: natural language shrinks to less than half, and reading takes hardly longer than at the fastest level. */
const level = 3;

interface Block {
  /** Number of its first string. */
  readonly first: number;
  /** A deflated JSON array. */
  readonly bytes: Buffer;
}

/** {@link Texts} as deflated blocks. */
export class CompressedTexts implements Texts {
  readonly [index: number]: string;
  readonly #blocks: Block[] = [];
  /** The strings behind the last block. */
  #open: string[] = [];
  #openCharacters = 0;
  /** The block that was decompressed last. */
  #decompressed: { readonly first: number; readonly texts: readonly string[] } = { first: 0, texts: [] };
  #compressedLength = 0;

  static from(texts: Iterable<string>): CompressedTexts {
    const compressed = new CompressedTexts();
    for (const text of texts) compressed.push(text);
    return compressed;
  }

  push(text: string): void {
    this.#open.push(text);
    this.#openCharacters += text.length;
    if (this.#openCharacters < blockCharacters) return;
    const bytes = deflateRawSync(JSON.stringify(this.#open), { level });
    this.#blocks.push({ first: this.#compressedLength, bytes });
    this.#compressedLength += this.#open.length;
    this.#open = [];
    this.#openCharacters = 0;
  }

  get length(): number {
    return this.#compressedLength + this.#open.length;
  }

  at(place: number): string | undefined {
    const index = place < 0 ? this.length + place : place;
    if (index >= this.#compressedLength) return this.#open[index - this.#compressedLength];
    const { first, texts } = this.#decompressed;
    if (index >= first && index < first + texts.length) return texts[index - first];
    const block = this.#blocks[this.#blockOf(index)];
    if (block === undefined) return undefined;
    this.#decompressed = { first: block.first, texts: decompress(block) };
    return this.#decompressed.texts[index - block.first];
  }

  /** So that JSON has an array here, too. */
  toJSON(): string[] {
    return [...this];
  }

  *[Symbol.iterator](): Generator<string> {
    for (const block of this.#blocks) yield* decompress(block);
    yield* this.#open;
  }

  *entries(): Generator<[number, string]> {
    let index = 0;
    for (const text of this) yield [index++, text];
  }

  /** The last block that begins at a string or before it; -1 when none does. */
  #blockOf(index: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#blocks[middle]!.first <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

// `texts[7]` must be a text here as it is in an array. A number that an object lacks is looked up along its prototypes; only
// such look-ups come to this proxy at their end, so that calls of methods cost nothing more.
Object.setPrototypeOf(
  CompressedTexts.prototype,
  new Proxy(Object.prototype, {
    get: (target, key, receiver: unknown) =>
      receiver instanceof CompressedTexts && typeof key === "string" && /^(0|[1-9]\d*)$/.test(key)
        ? receiver.at(Number(key))
        : Reflect.get(target, key, receiver),
  }),
);

function decompress({ bytes }: Block): string[] {
  return JSON.parse(inflateRawSync(bytes).toString()) as string[];
}

/**
 * The strings in order, at most `size` at a time, of at most `characters` together; a longer one is a chunk of its own.
 *
 * @throws TagformerError `INVALID_DATA` when one is not a string
 */
export function* chunksOf(
  texts: Texts,
  size: number,
  characters = Number.POSITIVE_INFINITY,
): Generator<string[]> {
  let chunk: string[] = [];
  let length = 0;
  let index = 0;
  for (const text of texts) {
    if (typeof text !== "string") {
      throw invalidData(`text ${index} is of type ${typeof text}; expected a string`);
    }
    index++;
    if (chunk.length === size || (chunk.length > 0 && length + text.length > characters)) {
      yield chunk;
      chunk = [];
      length = 0;
    }
    chunk.push(text);
    length += text.length;
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * For every string the number of the first one that equals it: its own where none came before. No string is kept; they are
 * told apart by 104 bits of SHA-1. Several lists count as one.
 */
export function firstOccurrences(...lists: Texts[]): Int32Array {
  const length = lists.reduce((total, texts) => total + texts.length, 0);
  const firsts = new Int32Array(length);
  const hashes = new Float64Array(2 * length);
  // A hash table with open addressing: a Map of as many entries would take ten times the memory.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * length + 1))).fill(-1);
  const add = (text: string, index: number) => {
    const digest = hash("sha1", text);
    const high = Number.parseInt(digest.slice(0, 13), 16);
    const low = Number.parseInt(digest.slice(13, 26), 16);
    let slot = high % slots.length;
    while (
      slots[slot]! >= 0 &&
      !(hashes[2 * slots[slot]!] === high && hashes[2 * slots[slot]! + 1] === low)
    ) {
      slot = (slot + 1) % slots.length;
    }
    if (slots[slot]! < 0) slots[slot] = index;
    hashes.set([high, low], 2 * index);
    firsts[index] = slots[slot]!;
  };
  let index = 0;
  for (const texts of lists) for (const text of texts) add(text, index++);
  return firsts;
}
