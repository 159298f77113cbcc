// Logits of texts by a loaded model: the next texts are tokenized while it computes.
import { chunksOf, type Texts } from "./data/texts.js";
import { type InferenceOptions, predictLogits } from "./inference.js";
import { fitGroup, JointCalls, type ScoredTexts } from "./joint-calls.js";
import type { LoadedModel } from "./loading.js";
import type { ResolvedModelOptions } from "./options.js";
import { putCounts, zeroCounts } from "./text/token-counts.js";
import type { EncodedTexts } from "./text/tokenizer.js";

/** Texts of one call that are tokenized at once. */
const textsAtOnce = 1024;

/** What becomes of texts that are longer than the longest row. */
export type WindowOptions = Pick<ResolvedModelOptions, "windowStride" | "windowPooling">;

/** Gives texts their logits, and says how much of each was read. */
export class Scorer {
  readonly #loaded: LoadedModel;
  readonly #windows: WindowOptions;
  readonly #jointCalls: JointCalls;

  constructor(loaded: LoadedModel, windows: WindowOptions) {
    this.#loaded = loaded;
    this.#windows = windows;
    this.#jointCalls = new JointCalls({
      encode: (texts, signal) => this.#encode(texts, signal),
      compute: (tokens, signal) => predictLogits(loaded.model, tokens, { signal }, windows.windowPooling),
    });
  }

  /** Scores all texts. */
  score(texts: Texts, options: InferenceOptions): Promise<ScoredTexts> {
    const goesWithOthers = options.onProgress === undefined && fitGroup(texts);
    return goesWithOthers
      ? this.#jointCalls.score([...texts], options.signal)
      : this.#inChunks(texts, options);
  }

  async #inChunks(texts: Texts, { signal, onProgress }: InferenceOptions): Promise<ScoredTexts> {
    const { model, labelNames } = this.#loaded;
    const width = labelNames.length;
    const logits = new Float32Array(texts.length * width);
    const counts = zeroCounts(texts.length);
    let computing: Promise<void> = Promise.resolve();
    let taken = 0;
    for (const chunk of chunksOf(texts, textsAtOnce)) {
      signal?.throwIfAborted();
      const tokens = await this.#encode(chunk, signal);
      await computing;
      const first = taken;
      putCounts(counts, first, tokens.counts);
      taken += chunk.length;
      const calls = { signal, onProgress: (rows: number) => onProgress?.(first + rows) };
      computing = predictLogits(model, tokens, calls, this.#windows.windowPooling).then((part) =>
        logits.set(part, first * width),
      );
      // A failure is reported by the await above or below; meanwhile it is no unhandled rejection.
      computing.catch(() => {});
    }
    await computing;
    return { logits, counts };
  }

  #encode(texts: readonly string[], signal: AbortSignal | undefined): Promise<EncodedTexts> {
    const { tokenizer, maxLength } = this.#loaded;
    return tokenizer.encodeWindows(texts, { maxLength, windowStride: this.#windows.windowStride }, signal);
  }
}
