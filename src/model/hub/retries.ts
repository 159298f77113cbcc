import { setTimeout as sleep } from "node:timers/promises";
import type { HubUnreachable } from "./failures.js";

/** Milliseconds without a byte after which a connection counts as cut. */
export const silenceMs = 30_000;
const firstWaitMs = 500;
/** The hub counts requests in windows of five minutes, which is too long to wait at a command line. */
const longestWaitMs = 60_000;
const tries = 5;

/** Longest time for which a download that goes on may leave its file alone. */
export const longestPauseMs = silenceMs + longestWaitMs;

/** Counts tries that failed in a row, and waits longer after each. */
export class Retries {
  #failures = 0;

  /**
   * Waits before the next try.
   *
   * @throws `error` when it was the last try or the hub asks to wait too long, or the reason of the signal
   */
  async wait(error: HubUnreachable, signal: AbortSignal | undefined): Promise<void> {
    this.#failures += 1;
    const wait = Math.max(firstWaitMs * 2 ** (this.#failures - 1), error.retryAfter);
    if (this.#failures === tries || wait > longestWaitMs) throw error;
    await sleep(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }

  /** Something came: what follows are the first failures again. */
  renew(): void {
    this.#failures = 0;
  }
}
