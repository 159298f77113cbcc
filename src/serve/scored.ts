// What a model says of some texts, as the routes read it.
import { decide } from "../evaluation/scores.js";
import { thresholdsOf } from "../evaluation/tuning.js";
import type { Explanation } from "../predict/explanation.js";
import { type Prediction, type TextScores, tokenCountOf } from "../predict/prediction.js";

/** What a model says of some texts. */
export interface Scored extends TextScores {
  /** Name of the model. */
  readonly model: string;
  readonly labels: readonly string[];
  /** One a text, where they were asked for. */
  readonly explanations?: readonly Explanation[] | undefined;
  /** Where it computes. */
  readonly device: string;
}

/** The probabilities of one text, or other values `[texts * labels]`. */
export function rowOf({ probabilities, labels }: Scored, text: number, values = probabilities): Float32Array {
  return values.subarray(text * labels.length, (text + 1) * labels.length);
}

/** The labels of a text that are given: those whose probability is above the threshold, below labels that are given. */
export function givenLabels(scored: Scored, row: Float32Array): string[] {
  const { labels } = scored;
  const decisions = decide(row, labels.length, thresholdsOf(scored));
  return labels.filter((_, i) => decisions[i] === 1);
}

/** Values of all labels by name. */
export function byLabel({ labels }: Scored, values: ArrayLike<number>): Record<string, number> {
  return Object.fromEntries(labels.map((label, i) => [label, values[i]!]));
}

/** What `Classifier.predict` returns. */
export function predictionsOf(scored: Scored): Prediction[] {
  return Array.from(scored.tokens.read, (_, text) => {
    const row = rowOf(scored, text);
    return {
      labels: givenLabels(scored, row),
      scores: byLabel(scored, row),
      tokens: tokenCountOf(scored.tokens, text),
    };
  });
}
