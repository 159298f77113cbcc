// What a long test says while it runs: how far it has come, how fast that goes, and how long it will take.

/** What takes less says nothing. */
const everyMs = 15_000;

export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #began = performance.now();
  #done = 0;
  #saidAt = this.#began;

  /** @param what is counted, such as "kills" */
  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  /** @param notes further counts */
  add(count = 1, notes: object = {}): void {
    this.#done += count;
    const now = performance.now();
    if (now - this.#saidAt < everyMs) return;
    this.#saidAt = now;
    const perSecond = this.#done / ((now - this.#began) / 1000);
    const minutes = Math.max(0, this.#total - this.#done) / perSecond / 60;
    const more = Object.entries(notes).map(([name, value]) => `, ${name} ${value}`);
    // Not by the console, which vitest keeps until the test is over.
    process.stderr.write(
      `${this.#what}: ${this.#done} of ${this.#total}, ${perSecond.toPrecision(2)}/s, ${minutes.toFixed(1)} min left${more.join("")}\n`,
    );
  }
}
