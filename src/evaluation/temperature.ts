// Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017) for sigmoid outputs: logits are
// divided by one number, so that the order of the rows of a label stays and its probabilities become those that come true.

/** A temperature below comes from decisions that are never wrong, one above from logits that tell nothing. */
const [coldest, hottest] = [0.05, 20];
const steps = 50;
const tolerance = 1e-10;

/**
 * The logits of which {@link sigmoid} makes calibrated probabilities, `[rows * labels]`; the same array where all
 * temperatures are 1.
 *
 * @param temperatures one for each label
 */
export function divideByTemperature(logits: Float32Array, temperatures: readonly number[]): Float32Array {
  if (temperatures.every((temperature) => temperature === 1)) return logits;
  return logits.map((logit, i) => logit / temperatures[i % temperatures.length]!);
}

/**
 * The temperature with the smallest cross-entropy; 1 where there is nothing to learn it from. Where no decision is ever wrong
 * the smallest would be 0, with probabilities of 0 and 1: so few rows do not show how rare mistakes are.
 *
 * @param logits of one label, or of all
 * @param labels as many: 0, 1 or a soft value between; NaN is left out
 */
export function fitTemperature(logits: Float32Array, labels: Float32Array): number {
  // In the factor 1/T the cross-entropy is convex, so the zero of its slope is found by Newton's steps, halving the bracket
  // where they would leave it.
  let [low, high] = [1 / hottest, 1 / coldest];
  const lowest = derivatives(logits, labels, low);
  if (lowest.slope === 0 && lowest.curvature === 0) return 1;
  if (lowest.slope >= 0) return hottest;
  if (derivatives(logits, labels, high).slope <= 0) return 1;
  let factor = 1;
  for (let step = 0; step < steps; step++) {
    const { slope, curvature } = derivatives(logits, labels, factor);
    if (slope > 0) high = factor;
    else low = factor;
    const newton = factor - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - factor) <= tolerance * factor) break;
    factor = next;
  }
  return 1 / factor;
}

/** First and second derivative of the summed cross-entropy by the factor. */
function derivatives(
  logits: Float32Array,
  labels: Float32Array,
  factor: number,
): { slope: number; curvature: number } {
  let slope = 0;
  let curvature = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    const logit = logits[i]!;
    const probability = 1 / (1 + Math.exp(-factor * logit));
    slope += logit * (probability - label);
    curvature += logit * logit * probability * (1 - probability);
  }
  return { slope, curvature };
}
