// From probabilities to what a caller is told of each text.
import { setImmediate } from "node:timers/promises";
import type { Parents } from "../evaluation/hierarchy.js";
import { sigmoid } from "../evaluation/loss.js";
import { decide, type Thresholds } from "../evaluation/scores.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import type { Decision } from "../evaluation/tuning.js";
import type { TokenCounts } from "../text/token-counts.js";
import type { ScoredTexts } from "./predictor.js";
import type { CallTimes } from "./ticket.js";

/** Predictions made in one turn of the event loop. */
const describedAtOnce = 256;

/** What the model says about one text. `Label` is the names of its labels, where a program knows them. */
export interface Prediction<Label extends string = string> {
  /** The probability of each label, by name. */
  readonly scores: Readonly<Record<Label, number>>;
  /** The labels whose probability is above the threshold, in the model's order. */
  readonly labels: readonly Label[];
  /** How much of the text the model has read. */
  readonly tokens: TokenCount;
}

/** How many tokens of a text were read, and how many were cut because it is longer than {@link Classifier.maxLength}. */
export interface TokenCount {
  /** Tokens that were read, special tokens included. */
  readonly read: number;
  /** Tokens that were cut; 0 for a text that was read in windows. */
  readonly cut: number;
  /** `true` when at least `cut` tokens were cut: the rest of a very long text is not tokenized. Absent otherwise. */
  readonly atLeast?: true;
}

/** What is known of some texts: see {@link Classifier.score}. */
export interface TextScores {
  /** Before temperatures and sigmoid, `[texts * labels]`, row-major. */
  readonly logits: Float32Array;
  /** After both, `[texts * labels]`. */
  readonly probabilities: Float32Array;
  /** Probabilities above which (strictly) the labels are given, `[labels]`. */
  readonly thresholds: readonly number[];
  /** For each label the index of the one above it, without which it is not given, or -1; absent: no label is below another. */
  readonly parents?: Parents | undefined;
  /** How much of each text was read. */
  readonly tokens: TokenCounts;
  /** Where the time went. */
  readonly times: CallTimes;
}

/** Probabilities of logits after the temperatures. */
export function calibrated(logits: Float32Array, { temperatures }: Decision): Float32Array {
  return sigmoid(divideByTemperature(logits, temperatures));
}

/** What a model's answer is after its decision. */
export function textScores({ logits, counts, times }: ScoredTexts, decision: Decision): TextScores {
  const { thresholds, parents } = decision;
  return {
    ...{ logits, probabilities: calibrated(logits, decision), thresholds },
    ...(parents && { parents }),
    ...{ tokens: counts, times },
  };
}

/**
 * The predictions of some texts.
 *
 * @param probabilities `[texts * names]`
 */
export async function describe<Label extends string>(
  probabilities: Float32Array,
  counts: TokenCounts,
  names: readonly Label[],
  thresholds: Thresholds,
): Promise<Prediction<Label>[]> {
  const width = names.length;
  const texts = probabilities.length / width;
  const predictions: Prediction<Label>[] = [];
  for (let first = 0; first < texts; first += describedAtOnce) {
    if (first > 0) await setImmediate(); // others have their turn between thousands of objects
    const end = Math.min(first + describedAtOnce, texts);
    const some = probabilities.subarray(first * width, end * width);
    const decisions = decide(some, width, thresholds);
    for (let row = 0; row < end - first; row++) {
      predictions.push({
        scores: Object.fromEntries(names.map((name, i) => [name, some[row * width + i]!])) as Record<
          Label,
          number
        >,
        labels: names.filter((_, i) => decisions[row * width + i] === 1),
        tokens: tokenCountOf(counts, first + row),
      });
    }
  }
  return predictions;
}

export function tokenCountOf({ read, cut, atLeast }: TokenCounts, text: number): TokenCount {
  return { read: read[text]!, cut: cut[text]!, ...(atLeast[text] === 1 && { atLeast: true as const }) };
}

export function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
