/** The figures of every step of a run, for its report: a run may make a million. */
export interface StepFigures {
  readonly step: Int32Array;
  readonly loss: Float64Array;
  readonly learningRate: Float64Array;
}

/** Collects {@link StepFigures} in arrays that grow. */
export class StepLog {
  #values = new Float64Array(3 * 256);
  #length = 0;

  /** A log with what {@link values} gave. */
  static of(values: Float64Array): StepLog {
    const log = new StepLog();
    if (values.length > 0) log.#values = values.slice();
    log.#length = values.length;
    return log;
  }

  add({ step, loss, learningRate }: { step: number; loss: number; learningRate: number }): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values.set([step, loss, learningRate], this.#length);
    this.#length += 3;
  }

  /** A copy of all numbers, three a step. */
  values(): Float64Array {
    return this.#values.slice(0, this.#length);
  }

  figures(): StepFigures {
    const steps = this.#length / 3;
    const column = (number: number) =>
      Float64Array.from({ length: steps }, (_, i) => this.#values[3 * i + number]!);
    return { step: Int32Array.from(column(0)), loss: column(1), learningRate: column(2) };
  }
}
