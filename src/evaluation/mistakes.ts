import { requireCount } from "../base/kinds.js";
import { largestFirst } from "./order.js";
import { checkedRows, decide, probabilitiesOf, type Scores, type Thresholds, truthOf } from "./scores.js";

/** A row that the model got wrong at a label. */
export interface Mistake {
  /** 0-based row. */
  readonly row: number;
  /** The label; of a row, the one that is furthest off. */
  readonly label: string;
  /** What the model gave it. */
  readonly probability: number;
  /** The true label: 0, 1 or a soft value between. */
  readonly truth: number;
}

/**
 * The rows that were decided wrongly, worst first: by the largest distance of a probability from a label, earlier rows
 * first among equals. A row appears once, whatever the number of its wrong labels; missing labels are left out.
 *
 * @param scores `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @param count the most rows to return
 * @throws {TagformerError} as {@link evaluate} does
 */
export function worstMistakes(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  count: number,
  thresholds: Thresholds = 0.5,
): Mistake[] {
  return mistakesOf(worstElements(scores, labels, labelNames, count, thresholds), labels, labelNames);
}

/** Elements that were decided wrongly, in arrays: quick to send from one thread to another. */
export interface WorstElements {
  /** Their places, row by row and label by label. */
  readonly places: Int32Array;
  /** What the model gave each of them. */
  readonly probabilities: Float32Array;
}

/** {@link worstMistakes} as places and probabilities. */
export function worstElements(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  count: number,
  thresholds: Thresholds,
): WorstElements {
  requireCount(count, "mistakes");
  const rows = checkedRows(scores, labels, labelNames);
  const probabilities = probabilitiesOf(scores);
  const decisions = decide(probabilities, labelNames.length, thresholds);
  const width = labelNames.length;
  const worst = new Int32Array(rows);
  const distances = new Float64Array(rows);
  let found = 0;
  for (let start = 0; start < labels.length; start += width) {
    let furthest = -1;
    let most = -1;
    for (let i = start; i < start + width; i++) {
      if (Number.isNaN(labels[i]!) || labels[i]! > 0.5 === (decisions[i] === 1)) continue;
      const distance = Math.abs(probabilities[i]! - labels[i]!);
      if (distance > most) [furthest, most] = [i, distance];
    }
    if (furthest < 0) continue;
    worst[found] = furthest;
    distances[found++] = most;
  }
  const order = largestFirst(distances.subarray(0, found)).subarray(0, count);
  const places = Int32Array.from(order, (i) => worst[i]!);
  return { places, probabilities: Float32Array.from(places, (i) => probabilities[i]!) };
}

/** What there is to say about elements. */
export function mistakesOf(
  { places, probabilities }: WorstElements,
  labels: Float32Array,
  labelNames: readonly string[],
): Mistake[] {
  return Array.from(places, (i, place) => mistakeAt(i, probabilities[place]!, labels, labelNames));
}

/** The worst mistakes of one label. */
export interface LabelMistakes {
  /** The label's name. */
  readonly name: string;
  /** Rows to which it was given wrongly, the surest first. */
  readonly falsePositives: readonly Mistake[];
  /** Rows in which it was missed, the surest first. */
  readonly falseNegatives: readonly Mistake[];
}

/**
 * The mistakes of each label, worst first.
 *
 * @param count the most rows of each kind
 * @throws {TagformerError} as {@link evaluate} does
 */
export function mistakesByLabel(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  count: number,
  thresholds: Thresholds = 0.5,
): LabelMistakes[] {
  requireCount(count, "mistakes");
  checkedRows(scores, labels, labelNames);
  const probabilities = probabilitiesOf(scores);
  const decisions = decide(probabilities, labelNames.length, thresholds);
  const truth = truthOf(labels);
  const worst = (label: number, given: number) => {
    const places: number[] = [];
    for (let i = label; i < truth.length; i += labelNames.length) {
      if (decisions[i] === given && truth[i] === 1 - given) places.push(i);
    }
    const distance = (i: number) => Math.abs(probabilities[i]! - given);
    places.sort((a, b) => distance(a) - distance(b) || a - b);
    return places.slice(0, count).map((i) => mistakeAt(i, probabilities[i]!, labels, labelNames));
  };
  return labelNames.map((name, label) => ({
    name,
    falsePositives: worst(label, 1),
    falseNegatives: worst(label, 0),
  }));
}

/** What there is to say about an element. */
export function mistakeAt(
  i: number,
  probability: number,
  labels: Float32Array,
  labelNames: readonly string[],
): Mistake {
  return {
    row: Math.floor(i / labelNames.length),
    label: labelNames[i % labelNames.length]!,
    probability,
    truth: labels[i]!,
  };
}
