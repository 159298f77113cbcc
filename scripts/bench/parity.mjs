// The gate: who does not compute the same is not timed.

/**
 * The most by which a contestant may differ from Hugging Face in fp32. 12 layers add up the rounding of their matrix
 * products in another order; bf16 keeps 8 bits of each value; int8 has 255 steps for the largest value of a row.
 */
const limits = {
  fp32: { logit: 1e-4, loss: 1e-5, gradientNorm: 1e-3 },
  bf16: { probability: 0.01, loss: 0.01, gradientNorm: 0.05 },
  int8: { probability: 0.05 },
};

const names = {
  logit: "logits",
  probability: "probabilities",
  loss: "the loss of the first step",
  gradientNorm: "the norm of its gradient (relatively)",
};

/** Largest differences; those of a training step are there when both sides made one. */
export function compare(reference, found) {
  const trained = found.loss !== undefined && reference.loss !== undefined;
  return {
    logit: largest(reference.logits, found.logits),
    probability: largest(reference.logits.map(sigmoid), found.logits.map(sigmoid)),
    ...(trained && {
      loss: Math.abs(reference.loss - found.loss),
      gradientNorm: Math.abs(found.gradientNorm / reference.gradientNorm - 1),
    }),
  };
}

export function violations(precision, differences) {
  return Object.entries(limits[precision])
    .filter(([kind]) => kind in differences)
    .filter(([kind, limit]) => !(differences[kind] <= limit)) // written so that NaN fails
    .map(([kind, limit]) => `${names[kind]} differ by ${differences[kind]}, more than ${limit}`);
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function largest(a, b) {
  if (a.length !== b.length) throw new Error(`${a.length} logits against ${b.length}`);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}
