// Numbers for pairs of numbers: tables of text have more different pairs of words than a Map has room for.

/** Above every number of a pair. */
const limit = 2 ** 26;
/** The share of the slots that may be taken. */
const fullest = 0.6;

/** A hash table with open addressing, from pairs to what was stored for them. */
export class PairIds {
  /** `first * limit + second`; -1 in a free slot. */
  #keys = new Float64Array(1024).fill(-1);
  #ids = new Int32Array(1024);
  #size = 0;

  /** The number of a pair; `next` from now on when it has none. */
  idOf(first: number, second: number, next: number): number {
    if (this.#size > fullest * this.#keys.length) this.#grow();
    const key = first * limit + second;
    const slot = slotOf(this.#keys, key);
    if (this.#keys[slot] === key) return this.#ids[slot]!;
    this.#keys[slot] = key;
    this.#ids[slot] = next;
    this.#size++;
    return next;
  }

  /** Every pair with its number, in no order. */
  *entries(): Generator<[first: number, second: number, id: number]> {
    for (const [slot, key] of this.#keys.entries()) {
      if (key >= 0) yield [Math.floor(key / limit), key % limit, this.#ids[slot]!];
    }
  }

  #grow(): void {
    const keys = new Float64Array(4 * this.#keys.length).fill(-1);
    const ids = new Int32Array(keys.length);
    for (const [old, key] of this.#keys.entries()) {
      if (key < 0) continue;
      const slot = slotOf(keys, key);
      keys[slot] = key;
      ids[slot] = this.#ids[old]!;
    }
    this.#keys = keys;
    this.#ids = ids;
  }
}

/** The slot of a key, or the free one where it belongs; the number of slots is a power of 2. */
function slotOf(keys: Float64Array, key: number): number {
  const mask = keys.length - 1;
  let slot = (Math.imul(Math.floor(key / limit), 0x9e3779b1) ^ Math.imul(key % limit, 0x85ebca6b)) >>> 0;
  slot = (slot ^ (slot >>> 15)) & mask;
  while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & mask;
  return slot;
}
