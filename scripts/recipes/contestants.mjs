// What is compared: plain runs at several rates, each ingredient beside the plain run of a middle rate, and what is decided by itself.

const rates = {
  comments: [2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4],
  quickstart: [1e-4, 2e-4, 4e-4, 8e-4, 1.6e-3],
};
const middleRate = { comments: 2e-4, quickstart: 8e-4 };

const ingredients = {
  "head bias": { headBias: "prior" },
  "head rate 10": { headRate: 10 },
  cosine: { schedule: "cosine" },
  "layer decay 0.9": { layerDecay: 0.9 },
  "average 0.1": { ema: 0.1 },
  "warm-up 0.05": { warmup: 0.05 },
  "best by average precision": { bestMetric: "averagePrecision" },
  "four epochs": { epochs: 4 },
};

/** Options by name. All tune thresholds in the same way. */
export function contestants(study) {
  const plain = { preset: "plain", thresholds: true };
  const middle = { ...plain, learningRate: middleRate[study] };
  return {
    auto: {},
    ...Object.fromEntries(
      rates[study].map((learningRate) => [`plain ${learningRate}`, { ...plain, learningRate }]),
    ),
    ...Object.fromEntries(
      Object.entries(ingredients).map(([name, options]) => [name, { ...middle, ...options }]),
    ),
    "all together": Object.assign({ ...middle }, ...Object.values(ingredients)),
  };
}

/** The plain run that an ingredient is compared with. */
export function rivalOf(study, name) {
  return name === "auto" || name.startsWith("plain ") ? null : `plain ${middleRate[study]}`;
}
