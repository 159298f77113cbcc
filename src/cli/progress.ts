// Progress of long work on stderr: a bar on a terminal, now and then a line elsewhere.
import { SingleBar } from "cli-progress";
import { duration, note } from "./terminal.js";

/** Seconds between two lines when stderr is no terminal. */
const lineEvery = 10;

/** Counts units of work, with their rate and the time that is left. */
export class ProgressBar {
  readonly #title: string;
  readonly #total: number;
  readonly #bar: SingleBar | undefined;
  readonly #started = performance.now();
  #lastLine = this.#started;
  #done = 0;

  /** `total` is in the units of {@link update}; `title` stands before the bar. */
  constructor(title: string, total: number) {
    this.#title = title;
    this.#total = total;
    if (!process.stderr.isTTY) return;
    this.#bar = new SingleBar({
      stream: process.stderr,
      format: "{title} {bar} {percentage}%  {left} left  {detail}",
      // A hidden cursor would stay hidden when the process is killed, and signals are the commands' own.
      hideCursor: false,
      gracefulExit: false,
      barsize: 24,
    });
    this.#bar.start(total, 0, { title, left: "?", detail: "" });
  }

  /** Sets what is done so far; `detail` follows the remaining time, which is extrapolated unless it is given. */
  update(done: number, detail: string, secondsLeft?: number): void {
    this.#done = done;
    const left = duration(secondsLeft ?? this.secondsLeft);
    if (this.#bar) {
      this.#bar.update(done, { title: this.#title, left, detail });
    } else if (performance.now() - this.#lastLine > lineEvery * 1000) {
      this.#lastLine = performance.now();
      note(`${this.#title} ${Math.floor((100 * done) / this.#total)}%  ${left} left  ${detail}`);
    }
  }

  /** Removes the bar. */
  stop(): void {
    this.#bar?.stop();
  }

  /** Units a second since the start. */
  get rate(): number {
    return (1000 * this.#done) / Math.max(1, performance.now() - this.#started);
  }

  private get secondsLeft(): number {
    return this.#done === 0 ? Number.POSITIVE_INFINITY : (this.#total - this.#done) / this.rate;
  }
}
