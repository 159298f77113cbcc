// A second thread of a tokenizer, for very long texts that cannot be tokenized in parts: no other call waits for them.
import { untilAborted } from "../base/cancel.js";
import type { EncodedRows } from "./encoder.js";
import { TokenizerClient } from "./tokenizer-client.js";
import type { TokenizerPlace } from "./tokenizer-files.js";

/** Milliseconds after which a thread without work is ended: it holds a vocabulary of its own. */
const idleMilliseconds = 30_000;

export class SecondThread {
  readonly #place: TokenizerPlace;
  #client: Promise<TokenizerClient> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(place: TokenizerPlace) {
    this.#place = place;
  }

  /**
   * The row of one text, after those that were asked for before. A signal ends the thread, which knows no other way to stop.
   *
   * @throws as the tokenizer's own thread; the reason of the signal
   */
  async encode(text: string, limit: number, signal?: AbortSignal): Promise<EncodedRows> {
    clearTimeout(this.#idle);
    this.#waiting++;
    const turn = this.#last.then(() => this.#encodeNow(text, limit, signal));
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#idle = setTimeout(() => void this.close(), idleMilliseconds).unref();
    }
  }

  /** Ends the thread; what waits is rejected as `DISPOSED`. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const client = this.#client;
    this.#client = undefined;
    await (await client?.catch(() => undefined))?.close();
  }

  async #encodeNow(text: string, limit: number, signal: AbortSignal | undefined): Promise<EncodedRows> {
    signal?.throwIfAborted();
    this.#client ??= TokenizerClient.open(this.#place).then(({ client }) => client);
    try {
      const work = (await this.#client).encode([text], limit);
      return await untilAborted(signal, work, () => void this.close());
    } catch (error) {
      await Promise.race([this.close(), new Promise(setImmediate)]); // a thread that works ends only afterwards
      throw error;
    }
  }
}
