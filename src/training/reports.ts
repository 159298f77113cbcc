/** Turns the callback of a computation into an async iteration; reports that come too fast are merged. */
export class Reports {
  #latest: number | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  /** Hands out a number, unless a newer one comes before the reader asks. */
  add(report: number): void {
    this.#latest = report;
    this.#wake?.();
  }

  /** Ends the iteration, after the latest report. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number, void> {
    while (true) {
      if (this.#latest !== undefined) {
        const report = this.#latest;
        this.#latest = undefined;
        yield report;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }
}
