// Presets: what the options of a training are where they are not given.

/** What a preset says instead of the options' own defaults. What `auto` finds out from data and model is no part of it. */
const presets: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  // Its warm-up is shorter than its trials.
  auto: { headBias: "prior", bestMetric: "microAveragePrecision", keep: "last-good", warmup: 0.06 },
  plain: { thresholds: false, baseline: false },
  // "Transformers for Multi-Label Classification made simple" with transformers 2.10 (2020). It asked its AdamW for
  // `weight_decay_rate`, which that optimizer does not know: the decay was 0. Its epsilon was 1e-6, before the correction.
  seed: {
    // It called the model with `token_type_ids=None`, which XLNet tells from the types of its tokenizer.
    tokenTypes: "none",
    epochs: 3,
    batchSize: 32,
    learningRate: 2e-5,
    schedule: "constant",
    warmup: 0,
    weightDecay: 0,
    epsilon: 1e-6,
    epsilonPlacement: "uncorrected",
    maxGradientNorm: 0,
    validationSplit: 0.1,
    splitMethod: "combinations",
    keep: "last",
    thresholds: false,
    baseline: false,
    seed: 2020,
  },
};

/**
 * Options of a training run with those of their preset filled in, for {@link parseOptions}: what was given stays.
 *
 * @param values anything; what is wrong with it is left to the schema
 */
export function withPreset<T extends { readonly preset?: unknown }>(values: T): T {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return { ...presets[String(values.preset ?? "auto")], ...Object.fromEntries(given) } as T;
}
