// Calls of one model that a signal can end.
import { stoppable } from "../base/cancel.js";
import { settle } from "./addon.js";

/** What can cancel a call by its number. */
interface Cancelling {
  cancel(job: number): boolean;
}

export class Calls {
  readonly #session: Cancelling;
  #nextJob = 1;

  constructor(session: Cancelling) {
    this.#session = session;
  }

  /** Makes a call under a number by which the signal cancels it; `start` is given the number. */
  async make<T>(start: (job: number) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) return settle(start(0));
    const job = this.#nextJob++;
    return await stoppable(
      signal,
      () => this.#session.cancel(job),
      () => settle(start(job)),
    );
  }
}
