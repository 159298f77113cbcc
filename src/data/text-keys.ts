// Texts as short numbers: whether two tables share texts, and whether a model has seen one, without the texts themselves.
import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { chunksOf, type Texts } from "./compressed-texts.js";

/** Digits of SHA-1 in a key: 48 bits, so that a million texts hardly ever meet by chance. */
const keyDigits = 12;
const keyBytes = keyDigits / 2;
/** Keys that are stored of one table: 0.8 MB. */
const mostKeys = 2 ** 17;
/** Texts hashed in one turn of the event loop: a millisecond or two. */
const textsAtOnce = 256;

/** A text without what hardly changes what it says: case, blanks, punctuation, and how its characters are encoded. */
export function plainText(text: string): string {
  const plain = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\p{P}\p{Cc}\s]+/gu, " ")
    .trim();
  return plain === "" ? text.trim() : plain;
}

/** {@link plainText} of each of the texts, made as they are read. */
export function plainTexts(texts: Texts): Texts {
  return {
    length: texts.length,
    at: (index) => {
      const text = texts.at(index);
      return text === undefined ? undefined : plainText(text);
    },
    *entries() {
      for (const [index, text] of texts.entries()) yield [index, plainText(text)];
    },
    *[Symbol.iterator]() {
      for (const text of texts) yield plainText(text);
    },
  };
}

/** A number for each text, `[texts]`, the same for texts of one {@link plainText}. The event loop has its turns. */
export async function textKeys(texts: Texts): Promise<Float64Array> {
  const keys = new Float64Array(texts.length);
  let row = 0;
  for (const chunk of chunksOf(texts, textsAtOnce)) {
    for (const text of chunk) keys[row++] = keyOf(text);
    await setImmediate();
  }
  return keys;
}

function keyOf(text: string): number {
  return Number.parseInt(hash("sha1", plainText(text)).slice(0, keyDigits), 16);
}

/** How many rows have a text that is in a {@link KeySet}. */
export interface SharedRows {
  readonly rows: number;
  /** `false` when only a part of the set's keys is known, so that the number is an estimate. */
  readonly exact: boolean;
}

/** The form of a {@link KeySet} in a JSON file. */
export interface StoredKeys {
  /** Number of distinct texts. */
  readonly distinct: number;
  /** Keys in ascending order, 48 bits each, in base64. */
  readonly keys: string;
}

/** The distinct keys of a table. */
export class KeySet {
  /** In ascending order. */
  readonly #keys: Float64Array;
  /** Keys up to here are known. */
  readonly #limit: number;
  /** Number of distinct texts. */
  readonly size: number;

  private constructor(keys: Float64Array, size: number) {
    this.#keys = keys;
    this.#limit = keys.length < size ? keys.at(-1)! : Number.POSITIVE_INFINITY;
    this.size = size;
  }

  static of(keys: Float64Array): KeySet {
    const sorted = keys.slice().sort();
    const distinct = sorted.filter((key, i) => i === 0 || key !== sorted[i - 1]);
    return new KeySet(distinct, distinct.length);
  }

  /** Reads what {@link stored} gave; `null` for anything else. */
  static fromStored(value: unknown): KeySet | null {
    if (typeof value !== "object" || value === null || !("distinct" in value) || !("keys" in value))
      return null;
    const { distinct, keys: encoded } = value;
    if (typeof distinct !== "number" || typeof encoded !== "string") return null;
    const bytes = Buffer.from(encoded, "base64");
    const count = bytes.length / keyBytes;
    if (!Number.isInteger(count) || !Number.isInteger(distinct) || distinct < count) return null;
    const keys = Float64Array.from({ length: count }, (_, i) => bytes.readUIntBE(keyBytes * i, keyBytes));
    return keys.every((key, i) => i === 0 || key > keys[i - 1]!) ? new KeySet(keys, distinct) : null;
  }

  /**
   * For a JSON file. Of very many keys only the smallest are stored: keys are hashes, so those are a random sample, and a
   * text that is in one table's sample is in that of every other table that holds it.
   */
  stored(most = mostKeys): StoredKeys {
    const keys = this.#keys.subarray(0, most);
    const bytes = Buffer.alloc(keyBytes * keys.length);
    for (const [i, key] of keys.entries()) bytes.writeUIntBE(key, keyBytes * i, keyBytes);
    return { distinct: this.size, keys: bytes.toString("base64") };
  }

  /** How many of these rows have a text of the set. */
  count(keys: Float64Array): SharedRows {
    let known = 0;
    let shared = 0;
    for (const key of keys) {
      if (key > this.#limit) continue;
      known++;
      if (this.#has(key)) shared++;
    }
    if (known === keys.length) return { rows: shared, exact: true };
    return { rows: known === 0 ? 0 : Math.round((shared / known) * keys.length), exact: false };
  }

  /** How many distinct texts of another set this one has too. */
  countOf(other: KeySet): SharedRows {
    const { rows, exact } = this.count(other.#keys);
    return { rows, exact: exact && other.#keys.length === other.size };
  }

  #has(key: number): boolean {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#keys[middle]!;
      if (found === key) return true;
      if (found < key) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }
}
