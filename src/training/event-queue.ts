// Events between a run and the loop that reads them: the run never waits for its reader.
import type { TrainingEvent } from "./events.js";

/** Step events that are kept for a reader who is behind. */
const mostSteps = 1000;

/**
 * Hands out the events of a run in order. For a reader who is slower than the run, only the newest report on a prediction
 * and the newest thousand steps are kept; starts, epochs, ends and the like always are.
 */
export class EventQueue implements AsyncIterable<TrainingEvent> {
  readonly #events: TrainingEvent[] = [];
  #steps = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  add(event: TrainingEvent): void {
    const last = this.#events.at(-1);
    if (isProgress(event) && last?.type === event.type) this.#events.pop();
    if (event.type === "step" && ++this.#steps > mostSteps) this.#dropOldestStep();
    this.#events.push(event);
    this.#wake?.();
  }

  /** The iteration ends after the events that wait. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainingEvent, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) {
        if (event.type === "step") this.#steps--;
        yield event;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }

  #dropOldestStep(): void {
    this.#events.splice(
      this.#events.findIndex(({ type }) => type === "step"),
      1,
    );
    this.#steps--;
  }
}

function isProgress({ type }: TrainingEvent): boolean {
  return type === "validation" || type === "test" || type === "trial";
}
