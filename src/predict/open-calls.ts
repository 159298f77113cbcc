// The calls of a classifier that are not answered yet, and what is said to those that come too late.
import { TagformerError } from "../base/errors.js";

/** Counts calls, so that the end can wait for them. */
export class OpenCalls {
  readonly #name: string;
  #open = 0;
  #state: "open" | "closed" | "disposed" = "open";
  #whenIdle: (() => void)[] = [];

  /** @param name what is called, for messages: `the classifier of ./model` */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Makes a call.
   *
   * @throws TagformerError `DISPOSED`, of this call's own and naming what it was made of; whatever `work` throws
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state !== "open") throw this.#refusal();
    this.#open++;
    try {
      return await work();
    } catch (error) {
      throw error instanceof TagformerError && error.code === "DISPOSED" ? this.#refusal(error) : error;
    } finally {
      this.#open--;
      if (this.#open === 0) for (const idle of this.#whenIdle.splice(0)) idle();
    }
  }

  /** Refuses new calls; resolves when those made are answered. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed";
    if (this.#open > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Refuses new calls. */
  dispose(): void {
    this.#state = "disposed";
  }

  #refusal(cause?: TagformerError): TagformerError {
    const what =
      this.#state === "closed"
        ? "is closed: it answers the calls that were made before and takes no new ones"
        : "was disposed of";
    return new TagformerError("DISPOSED", `${this.#name} ${what}`, cause && { cause });
  }
}
