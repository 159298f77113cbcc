import { checkedRows, decide, probabilitiesOf, type Scores, type Thresholds } from "./scores.js";

/** A row that the model got wrong, with the label it was furthest off at. */
export interface Mistake {
  /** 0-based row. */
  readonly row: number;
  /** The label that is furthest off. */
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
  const rows = checkedRows(scores, labels, labelNames);
  const probabilities = probabilitiesOf(scores);
  const decisions = decide(probabilities, labelNames.length, thresholds);
  const distance = (i: number) => Math.abs(probabilities[i]! - labels[i]!);
  const worst: number[] = [];
  for (let row = 0; row < rows; row++) {
    let furthest = -1;
    for (let i = row * labelNames.length; i < (row + 1) * labelNames.length; i++) {
      const isWrong = !Number.isNaN(labels[i]!) && labels[i]! > 0.5 !== (decisions[i] === 1);
      if (isWrong && (furthest < 0 || distance(i) > distance(furthest))) furthest = i;
    }
    if (furthest >= 0) worst.push(furthest);
  }
  worst.sort((a, b) => distance(b) - distance(a) || a - b);
  return worst.slice(0, count).map((i) => ({
    row: Math.floor(i / labelNames.length),
    label: labelNames[i % labelNames.length]!,
    probability: probabilities[i]!,
    truth: labels[i]!,
  }));
}
