// How often each label is set, as the bias with which a fresh head begins.
import type { Dataset } from "../data/dataset.js";

/**
 * The log-odds of each label in the given rows, `[labels]`: with this bias and no other weights a head has the smallest
 * cross-entropy. One more row of each kind is counted than there is, so that none is infinite; soft labels count in parts.
 *
 * @param positiveWeights weights of set labels in the loss, which shift its minimum
 */
export function logOddsOf(
  { labels, labelNames }: Pick<Dataset, "labels" | "labelNames">,
  rows: Int32Array,
  positiveWeights: Float32Array | undefined,
): Float32Array {
  const width = labelNames.length;
  return Float32Array.from(labelNames, (_, label) => {
    let [positives, negatives] = [1, 1];
    for (const row of rows) {
      const value = labels[row * width + label]!;
      if (Number.isNaN(value)) continue;
      positives += value;
      negatives += 1 - value;
    }
    return Math.log(((positiveWeights?.[label] ?? 1) * positives) / negatives);
  });
}
