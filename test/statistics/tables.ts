// Tables of labels as people have them, and what a model might say about them. No model is trained: figures of a split are
// compared while scores are held fixed.
import { generator, type Random } from "../../src/base/random.js";

export interface ScoredTable {
  readonly labelNames: readonly string[];
  /** `[rows * labels]` */
  readonly labels: Float32Array;
  readonly logits: Float32Array;
}

export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}

/**
 * Labels whose frequencies fall as 1 / rank, on rows of which some have many more than others: one row in five to twenty has
 * a combination of labels that no other has. The model knows frequent labels well and rare ones badly, as models do.
 */
export function skewedTable(rows: number, width: number, labelsPerRow: number, seed: number): ScoredTable {
  const random = generator(seed, "skewed table");
  const ranks = Array.from({ length: width }, (_, label) => 1 / (label + 1));
  const scale = labelsPerRow / ranks.reduce((sum, rank) => sum + rank);
  const labels = new Float32Array(rows * width);
  const logits = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const crowded = Math.exp(1.5 * (random.float() + random.float() + random.float() - 1.5));
    for (let label = 0; label < width; label++) {
      const rate = Math.min(0.6, ranks[label]! * scale);
      const set = random.float() < Math.min(0.9, rate * crowded);
      const knowledge = 1.5 + 5 * Math.sqrt(rate);
      labels[row * width + label] = Number(set);
      logits[row * width + label] =
        Math.log(rate / (1 - rate)) + (set ? knowledge : 0) + 1.2 * normal(random);
    }
  }
  return { labelNames: Array.from({ length: width }, (_, i) => `label ${i}`), labels, logits };
}

/** The chosen rows of a table. */
export function rowsOf({ labelNames, labels, logits }: ScoredTable, rows: Int32Array): ScoredTable {
  const width = labelNames.length;
  const pick = (values: Float32Array) =>
    Float32Array.from({ length: rows.length * width }, (_, i) => {
      const row = rows[Math.floor(i / width)]!;
      return values[row * width + (i % width)]!;
    });
  return { labelNames, labels: pick(labels), logits: pick(logits) };
}
