// Calls of one model that a signal can end.
import { setMaxListeners } from "node:events";
import { settle } from "./addon.js";
import type { Session } from "./types.js";

export class Calls {
  readonly #session: Session;
  #nextJob = 1;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Makes a call under a number by which the signal cancels it; `start` is given the number. */
  async make<T>(start: (job: number) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) return settle(start(0));
    signal.throwIfAborted();
    // Many calls may share one signal, which is no leak: every listener is removed below.
    setMaxListeners(0, signal);
    const job = this.#nextJob++;
    const cancel = () => this.#session.cancel(job);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await settle(start(job));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}
