// The other end of a tokenizer's thread: requests go out one at a time, and what waits meanwhile goes together.
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, TagformerError } from "../errors.js";
import { packageRoot } from "../install/locations.js";
import type { EncodedRows, TokenizedText } from "./encoder.js";
import type {
  LoadedTokenizer,
  TokenizerPlace,
  TokenizerReply,
  TokenizerRequest,
} from "./tokenizer-thread.js";

/** The thread runs the compiled file, whether or not this one was compiled. */
const threadFile = join(packageRoot, "dist", "text", "tokenizer-thread.js");

/** Texts of one request: enough for the library's threads, few enough that handling its reply stays short. */
const requestTexts = 256;
/** Calls that one request answers: what follows them all happens in one turn of the event loop. */
const requestCalls = 64;
const requestCharacters = 2 ** 20;

interface Waiting {
  readonly texts: readonly string[];
  readonly limit: number;
  readonly resolve: (rows: EncodedRows) => void;
  readonly reject: (error: unknown) => void;
}

interface Asked {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A tokenizer on a thread of its own. The thread keeps the process alive only while it has something to do. */
export class TokenizerClient {
  readonly #worker: Worker;
  /** Requests that the thread has, in order. */
  readonly #asked: Asked[] = [];
  #waiting: Waiting[] = [];
  #encoding = false;
  #ended: TagformerError | undefined;

  private constructor(place: TokenizerPlace) {
    // Without the process's own flags: --input-type, which `node -e` takes, would end a thread that runs a file.
    this.#worker = new Worker(threadFile, { workerData: place, execArgv: [] });
    this.#worker.on("message", (reply: TokenizerReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#end(threadEnded(messageOf(error), error)));
    this.#worker.on("exit", (code) => this.#end(threadEnded(`exit code ${code}`)));
  }

  /**
   * Starts a thread and loads a tokenizer there.
   *
   * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file; the signal's reason
   */
  static async open(
    place: TokenizerPlace,
    signal?: AbortSignal,
  ): Promise<{ client: TokenizerClient; loaded: LoadedTokenizer }> {
    signal?.throwIfAborted();
    const client = new TokenizerClient(place);
    const stop = () => void client.close();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return { client, loaded: await client.#answer<LoadedTokenizer>() };
    } catch (error) {
      await client.close();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * The rows of some texts, at most {@link requestTexts} of them.
   *
   * @param limit longest row in tokens
   */
  encode(texts: readonly string[], limit: number): Promise<EncodedRows> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ texts, limit, resolve, reject });
      if (!this.#encoding) void this.#encodeWaiting();
    });
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

  /** Ends the thread; what has not been answered is rejected as `DISPOSED`. */
  async close(): Promise<void> {
    this.#end(new TagformerError("DISPOSED", "the tokenizer was disposed of"));
    await this.#worker.terminate();
  }

  async #encodeWaiting(): Promise<void> {
    this.#encoding = true;
    while (this.#waiting.length > 0) {
      const together = this.#takeWaiting();
      try {
        hand(await this.#encodeTogether(together), together);
      } catch {
        // One text may be to blame: nobody else shall hear of it.
        await Promise.all(together.map((one) => this.#encodeTogether([one]).then(one.resolve, one.reject)));
      }
    }
    this.#encoding = false;
  }

  #takeWaiting(): Waiting[] {
    let texts = 0;
    let characters = 0;
    const more = this.#waiting.findIndex((waiting, calls) => {
      texts += waiting.texts.length;
      for (const text of waiting.texts) characters += text.length;
      return calls === requestCalls || texts > requestTexts || characters > requestCharacters;
    });
    return this.#waiting.splice(0, more < 0 ? this.#waiting.length : Math.max(more, 1));
  }

  #encodeTogether(together: readonly Waiting[]): Promise<EncodedRows> {
    const texts = together.flatMap((waiting) => waiting.texts);
    const limits = Int32Array.from(together.flatMap(({ texts, limit }) => texts.map(() => limit)));
    return this.#ask<EncodedRows>({ texts, limits });
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
    const asked = this.#asked.shift();
    if (!asked) return; // the thread answered while it was being ended
    const { resolve, reject } = asked;
    if (this.#asked.length === 0) this.#worker.unref();
    if ("failure" in reply) reject(new TagformerError(reply.failure.code, reply.failure.message));
    else resolve(reply.result as never);
  }

  #end(reason: TagformerError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#asked.splice(0)) reject(this.#ended);
  }
}

/** Gives each of the requests that went together its own rows. */
function hand({ ids, lengths, truncated }: EncodedRows, together: readonly Waiting[]): void {
  let row = 0;
  let token = 0;
  for (const { texts, resolve } of together) {
    const lastRow = row + texts.length;
    let lastToken = token;
    for (let i = row; i < lastRow; i++) lastToken += lengths[i]!;
    resolve({
      ids: ids.subarray(token, lastToken),
      lengths: lengths.subarray(row, lastRow),
      truncated: truncated.subarray(row, lastRow),
    });
    row = lastRow;
    token = lastToken;
  }
}

function threadEnded(why: string, cause?: unknown): TagformerError {
  return new TagformerError("INTERNAL", `the tokenizer's thread ended (${why})`, { cause });
}
