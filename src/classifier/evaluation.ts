// What a classifier tells of a dataset whose labels are known.
import type { Evaluation } from "../evaluation/metrics.js";
import type { Mistake } from "../evaluation/mistakes.js";
import type { Tuning } from "../evaluation/tuning.js";
import type { SeenTexts } from "../model/seen-texts.js";
import type { TokenCounts } from "../text/token-counts.js";

/** What {@link Classifier.evaluate} returns. */
export interface ClassifierEvaluation {
  /** Figures over all labels and of each, with the classifier's temperatures and thresholds. */
  readonly metrics: Evaluation;
  /** Rows decided wrongly, worst first; `row` counts the rows of the dataset from 0. */
  readonly mistakes: readonly Mistake[];
  /** The model's logits, before temperatures, `[rows * labels]`, in the model's label order. */
  readonly logits: Float32Array;
  /** The dataset's labels in the model's label order, `[rows * labels]`. */
  readonly labels: Float32Array;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
  /** How many of the texts the model has seen in its training or tuning; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
}

/** What {@link Classifier.tune} returns. */
export interface ClassifierTuning extends Tuning {
  /** How many of the texts the model has seen in its training; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
}
