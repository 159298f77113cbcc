/** Probabilities of logits, in single precision: the numbers that users see and thresholds are compared with. */
export function sigmoid(logits: Float32Array): Float32Array {
  return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
}

/**
 * Mean binary cross-entropy over the labelled elements, in double precision.
 *
 * @param logits `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN is left out
 * @returns the mean in nats, or `null` when nothing is labelled
 */
export function bceWithLogits(logits: Float32Array, labels: Float32Array): number | null {
  let sum = 0;
  let labelled = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    const logit = logits[i]!;
    // -y ln s(x) - (1 - y) ln(1 - s(x)), written so that no exponential overflows and no logarithm meets 0.
    sum += Math.max(logit, 0) - logit * label + Math.log1p(Math.exp(-Math.abs(logit)));
    labelled++;
  }
  return labelled === 0 ? null : sum / labelled;
}
