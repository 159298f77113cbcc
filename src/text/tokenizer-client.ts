// A tokenizer's thread, as the main thread sees it.
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { stoppable } from "../base/cancel.js";
import { TagformerError } from "../base/errors.js";
import { onThreadEnd, resultOf, startThread } from "../base/thread.js";
import type { EncodedRows, TokenizedText } from "./encoder.js";
import type { TokenizerPlace } from "./tokenizer-files.js";
import type { LoadedTokenizer, TokenizerReply, TokenizerRequest } from "./tokenizer-thread.js";

interface Asked {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

let waiting: TokenizerClient | undefined;

/**
 * Starts the thread of the next tokenizer, before it is known which one that is.
 *
 * @returns settles when the thread no longer needs the system's linker, or has failed; a failure is thrown when a tokenizer
 * is opened
 */
export function prepareTokenizer(): Promise<void> {
  if (!waiting?.isAlive) waiting = new TokenizerClient();
  return waiting.up;
}

function takeWaiting(): TokenizerClient {
  const client = waiting?.isAlive ? waiting : new TokenizerClient();
  waiting = undefined;
  return client;
}

/** A tokenizer on a thread of its own. The thread keeps the process alive only while it has something to do. */
export class TokenizerClient {
  readonly #worker: Worker;
  /** Requests that the thread has, in order. */
  readonly #asked: Asked[] = [];
  #ended: TagformerError | undefined;
  /** Settles when the thread has started, or has failed to. */
  readonly up: Promise<void>;

  /** Starts a thread that has no tokenizer yet. */
  constructor() {
    this.#worker = startThread("tokenizer-thread");
    this.up = Promise.race([once(this.#worker, "message"), once(this.#worker, "exit")]).then(
      () => {},
      () => {},
    );
    this.#worker.on("message", (reply: TokenizerReply) => this.#settle(reply));
    onThreadEnd(this.#worker, "the tokenizer's thread", (error) => this.#end(error));
  }

  /**
   * Loads a tokenizer on the thread that waits for one, or on a new one.
   *
   * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file; the signal's reason
   */
  static async open(
    place: TokenizerPlace,
    signal?: AbortSignal,
  ): Promise<{ client: TokenizerClient; loaded: LoadedTokenizer }> {
    signal?.throwIfAborted();
    const client = takeWaiting();
    try {
      const load = () => client.#ask<LoadedTokenizer>(place);
      return { client, loaded: await stoppable(signal, () => void client.close(), load) };
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /**
   * The rows of some texts; many are better asked for in several requests, because a reply is handled in one go.
   *
   * @param limit longest row in tokens
   */
  encode(texts: string[], limit: number): Promise<EncodedRows> {
    return this.#ask<EncodedRows>({ texts, limit });
  }

  /** One text with the place of each token. */
  tokenize(text: string, limit: number, baseline: string | undefined): Promise<TokenizedText> {
    return this.#ask<TokenizedText>({ text, limit, baseline });
  }

  /** A tokenizer.json. */
  json(): Promise<string> {
    return this.#ask<string>("json");
  }

  decode(tokens: readonly number[]): Promise<string> {
    return this.#ask<string>({ tokens });
  }

  get isAlive(): boolean {
    return this.#ended === undefined;
  }

  /** Ends the thread; what has not been answered is rejected as `DISPOSED`. */
  async close(): Promise<void> {
    this.#end(new TagformerError("DISPOSED", "the tokenizer was disposed of"));
    await this.#worker.terminate();
  }

  #ask<Result>(request: TokenizerRequest): Promise<Result> {
    if (!this.#ended) this.#worker.postMessage(request);
    return this.#answer<Result>();
  }

  #answer<Result>(): Promise<Result> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#worker.ref();
    });
  }

  #settle(reply: TokenizerReply): void {
    if ("up" in reply) {
      if (this.#asked.length === 0) this.#worker.unref();
      return;
    }
    const asked = this.#asked.shift();
    if (!asked) return; // the thread answered while it was being ended
    const { resolve, reject } = asked;
    if (this.#asked.length === 0) this.#worker.unref();
    try {
      resolve(resultOf(reply) as never);
    } catch (error) {
      reject(error);
    }
  }

  #end(reason: TagformerError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#asked.splice(0)) reject(this.#ended);
  }
}
