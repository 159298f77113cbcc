// Calls that ask for a few texts each while the model computes go together: that costs each of them less, and matrix
// products are faster with more rows.
import { setMaxListeners } from "node:events";
import type { Texts } from "./data/texts.js";
import { sliceCounts, type TokenCounts } from "./text/token-counts.js";
import type { EncodedTexts } from "./text/tokenizer.js";

/** Texts of one group: what follows all of its calls happens in one turn of the event loop. */
const groupTexts = 64;
/** Characters of one group: a few thousand tokens, so that no call waits long for those it goes with. */
const groupCharacters = 2 ** 14;

/** What is done for the texts of a group, one step after the other. */
export interface GroupSteps {
  encode(texts: readonly string[], signal: AbortSignal | undefined): Promise<EncodedTexts>;
  /** One row of logits a text. */
  compute(tokens: EncodedTexts, signal: AbortSignal | undefined): Promise<Float32Array>;
}

/** What is known of some texts. */
export interface ScoredTexts {
  /** `[texts * labels]`, row-major. */
  readonly logits: Float32Array;
  readonly counts: TokenCounts;
}

interface Call {
  readonly texts: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (scored: ScoredTexts) => void;
  readonly reject: (reason: unknown) => void;
  /** Once it does not wait any more. */
  group?: Group;
}

interface Group {
  readonly calls: readonly Call[];
  /** Ends the group's work; absent where a call has no signal, and always wants its answer. */
  readonly stop: AbortController | undefined;
  readonly tokens: Promise<EncodedTexts>;
}

/** Whether texts are so few and short that their call may go with others; those of a packed table are many. */
export function fitGroup(texts: Texts): boolean {
  if (!Array.isArray(texts)) return false;
  return texts.length > 0 && texts.length <= groupTexts && charactersOf(texts) <= groupCharacters;
}

function charactersOf(texts: readonly string[]): number {
  return texts.reduce((characters, text) => characters + text.length, 0);
}

/** Groups calls, and answers them in their order. A call that comes while nothing waits does not wait either. */
export class JointCalls {
  readonly #steps: GroupSteps;
  #waiting: Call[] = [];
  #grouping = false;

  constructor(steps: GroupSteps) {
    this.#steps = steps;
  }

  /**
   * Scores texts that {@link fitGroup}.
   *
   * @throws what the steps throw for these texts alone; the signal's reason
   */
  async score(texts: readonly string[], signal?: AbortSignal): Promise<ScoredTexts> {
    signal?.throwIfAborted();
    let leave = () => {};
    const answer = new Promise<ScoredTexts>((resolve, reject) => {
      const call: Call = { texts, signal, resolve, reject };
      leave = () => abandon(call);
      this.#waiting.push(call);
      if (!this.#grouping) void this.#group();
    });
    if (!signal) return answer;
    setMaxListeners(0, signal); // many calls may share one, which is no leak: every listener is removed below
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await answer;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Two groups are computed at a time, so that the model need not wait for this thread, and a third is tokenized. */
  async #group(): Promise<void> {
    this.#grouping = true;
    let last = Promise.resolve();
    let beforeLast = last;
    for (let calls = this.#takeWaiting(); calls.length > 0; calls = this.#takeWaiting()) {
      const group = this.#begin(calls);
      await Promise.allSettled([group.tokens]);
      await beforeLast;
      [beforeLast, last] = [last, this.#answer(group, last)];
    }
    this.#grouping = false;
  }

  #takeWaiting(): Call[] {
    this.#waiting = this.#waiting.filter(({ signal }) => !signal?.aborted);
    let count = 0;
    let characters = 0;
    const more = this.#waiting.findIndex(({ texts }) => {
      count += texts.length;
      characters += charactersOf(texts);
      return count > groupTexts || characters > groupCharacters;
    });
    return this.#waiting.splice(0, more < 0 ? this.#waiting.length : more);
  }

  #begin(calls: readonly Call[]): Group {
    const stop = calls.every(({ signal }) => signal) ? new AbortController() : undefined;
    const texts = calls.flatMap((call) => call.texts);
    const tokens = this.#steps.encode(texts, stop?.signal);
    tokens.catch(() => {}); // whoever answers the group sees it
    const group = { calls, stop, tokens };
    for (const call of calls) call.group = group;
    return group;
  }

  /** Settles a group's calls, after those of the group before; never rejects. */
  async #answer({ calls, stop, tokens }: Group, previous: Promise<void>): Promise<void> {
    try {
      const { counts } = await tokens;
      const logits = await this.#steps.compute(await tokens, stop?.signal);
      await previous;
      handOut({ logits, counts }, calls);
    } catch (error) {
      await previous;
      if (calls.length === 1) calls[0]!.reject(error);
      // One call may be to blame: the others shall not hear of it.
      else for (const call of calls) await this.#answer(this.#begin([call]), previous);
    }
  }
}

/** Ends a call whose signal was given, and its group's work when nobody wants that any more. */
function abandon({ signal, reject, group }: Call): void {
  reject(signal?.reason);
  if (group?.calls.every((call) => call.signal?.aborted)) group.stop?.abort();
}

/** Gives each call of a group what belongs to its texts. */
function handOut({ logits, counts }: ScoredTexts, calls: readonly Call[]): void {
  const labels = logits.length / calls.reduce((texts, call) => texts + call.texts.length, 0);
  let first = 0;
  for (const { texts, resolve } of calls) {
    const next = first + texts.length;
    resolve({
      logits: logits.slice(first * labels, next * labels),
      counts: sliceCounts(counts, first, next),
    });
    first = next;
  }
}
