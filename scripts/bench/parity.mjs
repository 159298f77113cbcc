// The gate: who does not compute the same is not timed.

/** 12 layers add up the rounding of their matrix products in another order; bf16 keeps 8 bits of each value. */
const limits = { logit: 1e-4, loss: 1e-5, probability: 0.01, cosine: 0.999 };

export function compare(reference, fp32, bf16) {
  return {
    logit: largest(reference.logits, fp32.logits),
    loss: Math.abs(reference.loss - fp32.loss),
    probability: largest(reference.logits.map(sigmoid), bf16.logits.map(sigmoid)),
    cosine: cosine(reference.logits, bf16.logits),
  };
}

export function violations(differences) {
  const { logit, loss, probability, cosine } = differences;
  return [
    // Written so that NaN fails.
    logit <= limits.logit || `fp32 logits differ by ${logit}, more than ${limits.logit}`,
    loss <= limits.loss || `the first losses differ by ${loss}, more than ${limits.loss}`,
    probability <= limits.probability ||
      `bf16 probabilities differ by ${probability}, more than ${limits.probability}`,
    cosine >= limits.cosine ||
      `the cosine of the bf16 logits with theirs is ${cosine}, less than ${limits.cosine}`,
  ].filter((message) => message !== true);
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function largest(a, b) {
  if (a.length !== b.length) throw new Error(`${a.length} logits against ${b.length}`);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

function cosine(a, b) {
  const dot = a.reduce((sum, value, i) => sum + value * b[i], 0);
  return dot / Math.hypot(...a) / Math.hypot(...b);
}
