// Matrices that are nearly all zeros, row by row, and lists of whole numbers from which they are made.

/** Rows of numbers with their columns. */
export class SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** Where each row starts among the values, and the end, `[rows + 1]`. */
  readonly starts: Float64Array;
  /** The column of each value. */
  readonly ids: Int32Array;
  readonly values: Float32Array;

  constructor(columns: number, starts: Float64Array, ids: Int32Array, values: Float32Array) {
    this.rows = starts.length - 1;
    this.columns = columns;
    this.starts = starts;
    this.ids = ids;
    this.values = values;
  }

  /**
   * Adds this matrix times another one to `result`.
   *
   * @param dense `[columns * width]`
   * @param result `[rows * width]`
   */
  addProduct(dense: Float32Array, width: number, result: Float32Array): void {
    const { rows, starts, ids, values } = this;
    for (let row = 0; row < rows; row++) {
      const to = row * width;
      for (let i = starts[row]!, end = starts[row + 1]!; i < end; i++) {
        const value = values[i]!;
        const from = ids[i]! * width;
        for (let j = 0; j < width; j++) result[to + j]! += value * dense[from + j]!;
      }
    }
  }

  /**
   * Adds the transpose of this matrix times another one to `result`.
   *
   * @param dense `[rows * width]`
   * @param result `[columns * width]`
   */
  addTransposedProduct(dense: Float32Array, width: number, result: Float32Array): void {
    const { rows, starts, ids, values } = this;
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      for (let i = starts[row]!, end = starts[row + 1]!; i < end; i++) {
        const value = values[i]!;
        const to = ids[i]! * width;
        for (let j = 0; j < width; j++) result[to + j]! += value * dense[from + j]!;
      }
    }
  }
}

/** Lists of numbers one after the other, in an array that grows. */
export class IdLists {
  readonly #ends: number[] = [];
  #ids = new Int32Array(1024);
  #length = 0;

  add(id: number): void {
    if (this.#length === this.#ids.length) {
      const larger = new Int32Array(2 * this.#length);
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.#length++] = id;
  }

  endList(): void {
    this.#ends.push(this.#length);
  }

  /** Number of lists. */
  get length(): number {
    return this.#ends.length;
  }

  at(list: number): Int32Array {
    return this.#ids.subarray(list === 0 ? 0 : this.#ends[list - 1]!, this.#ends[list]!);
  }

  /** Where each list ends when all are one array. */
  get ends(): readonly number[] {
    return this.#ends;
  }
}

/** Counts the same numbers again and again without clearing an array of all of them. */
export class Counter {
  readonly #counts: Int32Array;
  readonly #met: number[] = [];

  /** @param limit above all numbers */
  constructor(limit: number) {
    this.#counts = new Int32Array(limit);
  }

  add(id: number, times = 1): void {
    if (this.#counts[id] === 0) this.#met.push(id);
    this.#counts[id]! += times;
  }

  /** Every number that was met with its count, in the order of the first meetings; from then on all counts are 0. */
  *take(): Generator<[id: number, count: number]> {
    for (const id of this.#met) {
      yield [id, this.#counts[id]!];
      this.#counts[id] = 0;
    }
    this.#met.length = 0;
  }
}
