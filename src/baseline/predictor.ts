// A bag of words that answers, as `predict/predictor.ts` is a transformer that does.
import { setImmediate } from "node:timers/promises";
import { TagformerError } from "../base/errors.js";
import type { Texts } from "../data/compressed-texts.js";
import type { ScoreOptions } from "../options/calls.js";
import { type Pending, requireWhole, type ScoredTexts } from "../predict/predictor.js";
import { sliceCounts, zeroCounts } from "../text/token-counts.js";
import { type BagOfWords, BagOfWordsScorer } from "./bag-of-words.js";
import { chunksOf, isCut, readable } from "./terms.js";

/** Milliseconds after which others have their turn. */
const turn = 5;

/** Gives texts their logits, on the event loop, which goes on between a few texts and the next. */
export class BagOfWordsPredictor {
  readonly #scorer: BagOfWordsScorer;
  readonly #width: number;
  /** The calls that are not answered, with the time at which each was made and the texts that it has left. */
  readonly #open = new Set<{ readonly since: number; left: number }>();
  /** Milliseconds that a text has taken of late. */
  #pace = 0.2;
  #isDisposed = false;

  constructor(model: BagOfWords) {
    this.#scorer = new BagOfWordsScorer(model);
    this.#width = model.labels.length;
  }

  /** A word is a token here, and a text a row. */
  get pending(): Pending {
    const calls = [...this.#open];
    const rows = calls.reduce((sum, { left }) => sum + left, 0);
    const oldest = calls.length === 0 ? 0 : performance.now() - Math.min(...calls.map(({ since }) => since));
    return { rows, tokens: rows, oldest, wait: rows * this.#pace };
  }

  /** Scores all texts. */
  async score(texts: Texts, options: ScoreOptions = {}): Promise<ScoredTexts> {
    options.signal?.throwIfAborted();
    const call = { since: performance.now(), left: texts.length };
    this.#open.add(call);
    try {
      return await this.#answer(texts, call, options);
    } finally {
      this.#open.delete(call);
    }
  }

  /** Ends all calls with `DISPOSED`. */
  dispose(): void {
    this.#isDisposed = true;
  }

  async #answer(
    texts: Texts,
    call: { readonly since: number; left: number },
    { signal, onProgress, truncate = true }: ScoreOptions,
  ): Promise<ScoredTexts> {
    const logits = new Float32Array(texts.length * this.#width);
    const counts = zeroCounts(texts.length);
    let began = performance.now();
    let before = 0;
    for (const [i, text] of texts.entries()) {
      logits.set(this.#scorer.logits(text), i * this.#width);
      counts.read[i] = chunksOf(readable(text)).length;
      if (isCut(text)) [counts.cut[i], counts.atLeast[i]] = [1, 1];
      if (!truncate) requireWhole(sliceCounts(counts, i, i + 1), i);
      call.left--;
      const spent = performance.now() - began;
      if (spent < turn && call.left > 0) continue;
      this.#pace = spent / (i + 1 - before);
      onProgress?.(i + 1);
      if (call.left > 0) await setImmediate();
      signal?.throwIfAborted();
      if (this.#isDisposed) throw new TagformerError("DISPOSED", "the bag of words was disposed of");
      began = performance.now();
      before = i + 1;
    }
    return {
      logits,
      counts,
      times: { tokenizing: 0, waiting: 0, computing: performance.now() - call.since },
    };
  }
}
