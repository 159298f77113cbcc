// A bag of words on a thread of its own: what it is asked for, and what it answers.
import type { Targets } from "./logistic-regression.js";

/** What the thread is told before the texts come. */
export interface BaselineTask {
  readonly labelNames: readonly string[];
  /** Of the texts that it learns from. */
  readonly targets: Omit<Targets, "width">;
  /** Number of texts that it learns from; those that come after them are scored. */
  readonly trainingTexts: number;
  readonly inversePenalty: number;
}

/** What the thread has made. */
export interface FittedBaseline {
  /** The content of the file with its weights. */
  readonly file: Uint8Array<ArrayBuffer>;
  /** Of the texts after those that it learned from, `[texts * labels]`. */
  readonly logits: Float32Array<ArrayBuffer>;
  readonly terms: number;
  readonly grams: number;
}
