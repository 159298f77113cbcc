// Whether the models still compute: an engine that hangs answers nobody, while the server around it goes on.
import type { ServedModel } from "./models.js";

/** When a model is asked, and when it counts as hung. */
export interface WatchdogTimes {
  /** Milliseconds without an answer after which a model is asked. */
  readonly idleMs: number;
  /** Milliseconds after which a model that answers neither this question nor any other hangs. */
  readonly stallMs: number;
}

const usual: WatchdogTimes = { idleMs: 30_000, stallMs: 30_000 };

/** Asks models that have been quiet for a while a small question, with a real pass. */
export class Watchdog {
  readonly #models: Iterable<ServedModel>;
  readonly #times: WatchdogTimes;
  readonly #onStall: (model: string, error?: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #asked = new Map<ServedModel, number>();
  readonly #stalled = new Set<ServedModel>();

  /** @param onStall told once when a model begins to hang, or fails a question */
  constructor(
    models: Iterable<ServedModel>,
    onStall: (model: string, error?: unknown) => void,
    times: WatchdogTimes = usual,
  ) {
    this.#models = models;
    this.#onStall = onStall;
    this.#times = times;
    this.#timer = setInterval(() => this.#look(), Math.min(1000, times.stallMs / 4)).unref();
  }

  /** Whether all models answer. */
  get isLive(): boolean {
    return this.#stalled.size === 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const model of this.#models) {
      const since = this.#asked.get(model);
      if (since === undefined) {
        if (now - model.answeredAt > this.#times.idleMs) void this.#ask(model);
      } else if (now - Math.max(since, model.answeredAt) > this.#times.stallMs) this.#stall(model);
      else if (model.answeredAt > since) this.#stalled.delete(model);
    }
  }

  async #ask(model: ServedModel): Promise<void> {
    this.#asked.set(model, performance.now());
    try {
      await model.slot.use((classifier) => classifier.probabilities("ok"));
      model.answeredAt = performance.now();
      this.#stalled.delete(model);
    } catch (error) {
      this.#stall(model, error);
    } finally {
      this.#asked.delete(model);
    }
  }

  #stall(model: ServedModel, error?: unknown): void {
    if (this.#stalled.has(model)) return;
    this.#stalled.add(model);
    this.#onStall(model.name, error);
  }
}
