// Numbers whose count is not known before the last one.

/** Elements that are stored together. */
const chunkLength = 2 ** 14;

/**
 * Numbers that are appended, in chunks: one array that grows would be copied again and again, half of it would be empty, and
 * an array of JavaScript's numbers takes twice the memory.
 */
export class GrowingArray<T extends Float32Array | Int32Array> {
  readonly #allocate: (length: number) => T;
  readonly #full: T[] = [];
  #open: T;
  #length = 0;

  /** @param allocate makes an array, such as `(length) => new Int32Array(length)` */
  constructor(allocate: (length: number) => T) {
    this.#allocate = allocate;
    this.#open = allocate(chunkLength);
  }

  push(value: number): void {
    if (this.#length === chunkLength) {
      this.#full.push(this.#open);
      this.#open = this.#allocate(chunkLength);
      this.#length = 0;
    }
    this.#open[this.#length++] = value;
  }

  /** All numbers in one array. */
  toArray(): T {
    const whole = this.#allocate(this.#full.length * chunkLength + this.#length);
    for (const [i, chunk] of this.#full.entries()) whole.set(chunk, i * chunkLength);
    whole.set(this.#open.subarray(0, this.#length), this.#full.length * chunkLength);
    return whole;
  }
}
