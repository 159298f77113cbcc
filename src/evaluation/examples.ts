import { requireCount } from "../base/kinds.js";
import { checkedRows, decide, probabilitiesOf, type Scores, type Thresholds, truthOf } from "./scores.js";

/** A row that was decided rightly at every label. */
export interface Example {
  /** 0-based row. */
  readonly row: number;
  /** The labels that are set, and were given. */
  readonly labels: readonly {
    /** The label's name. */
    readonly name: string;
    /** What the model gave it. */
    readonly probability: number;
  }[];
}

/**
 * Rows with labels that were decided rightly at every label. Each label in its turn, the most frequent first, adds the row
 * of its own that the model is surest of, until there are `count`; no row comes twice.
 *
 * @param scores `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @throws {TagformerError} as {@link evaluate} does
 */
export function surestExamples(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  count: number,
  thresholds: Thresholds = 0.5,
): Example[] {
  requireCount(count, "examples");
  const rows = checkedRows(scores, labels, labelNames);
  const width = labelNames.length;
  const probabilities = probabilitiesOf(scores);
  const decisions = decide(probabilities, width, thresholds);
  const truth = truthOf(labels);
  const isRight = (row: number) =>
    truth
      .subarray(row * width, (row + 1) * width)
      .every((value, label) => Number.isNaN(value) || value === decisions[row * width + label]);
  const right = Array.from({ length: rows }, (_, row) => row).filter(isRight);
  const queues = labelNames
    .map((_, label) => {
      const probability = (row: number) => probabilities[row * width + label]!;
      const own = right.filter((row) => truth[row * width + label] === 1);
      return own.sort((a, b) => probability(b) - probability(a) || a - b);
    })
    .sort((a, b) => b.length - a.length);
  return inTurn(queues, count).map((row) => ({
    row,
    labels: labelNames.flatMap((name, label) =>
      truth[row * width + label] === 1 ? [{ name, probability: probabilities[row * width + label]! }] : [],
    ),
  }));
}

/** One of each queue after the other, none twice. */
function inTurn(queues: readonly (readonly number[])[], count: number): number[] {
  const taken = new Set<number>();
  const places = queues.map(() => 0);
  for (let idle = 0; taken.size < count && idle < queues.length; ) {
    idle = 0;
    for (const [i, queue] of queues.entries()) {
      while (places[i]! < queue.length && taken.has(queue[places[i]!]!)) places[i]!++;
      if (places[i]! === queue.length) idle++;
      else if (taken.size < count) taken.add(queue[places[i]!]!);
    }
  }
  return [...taken];
}
