// ModernBERT against transformers in PyTorch where random small configurations do not reach: the released model's shape
// of a configuration, and texts several windows long.
import { beforeAll, describe, expect, it } from "vitest";
import { NativeModel } from "../../src/native.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  type Reference,
  randomBatch,
  references,
  temporaryFolder,
} from "./models.js";

/** As the first release wrote it: no layer_types, no rope_parameters. */
const released = {
  model_type: "modernbert",
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 5,
  num_attention_heads: 2,
  max_position_embeddings: 8192,
  local_attention: 128,
  global_attn_every_n_layers: 3,
  global_rope_theta: 160000.0,
  local_rope_theta: 10000.0,
  pad_token_id: 283,
  num_labels: 6,
};
const lengths = [1, 2, 63, 64, 65, 130, 512];

const questions = ["cls", "mean"].map((classifier_pooling, i) => ({
  directory: temporaryFolder(),
  config: { ...released, classifier_pooling },
  seed: i,
  batch: randomBatch(lengths, { vocabulary: 280, labels: 6, seed: i }),
}));
let answers: Reference[];

beforeAll(() => {
  answers = references(questions);
});

describe.each([0, 1])("a random ModernBERT, %i", (index) => {
  const { directory, batch, config } = questions[index]!;
  it.each([false, true])("has transformers' logits and gradients (dense: %s)", async (dense) => {
    await using model = await loadModel(directory, 6, { dense });
    expect(largestDifference(await model.predict(batch), answers[index]!.logits)).toBeLessThan(1e-5);
    expect(await model.computeGradients(batch)).toBeCloseTo(answers[index]!.loss, 5);
    const { name, relative } = await gradientDifference(model, directory);
    expect(relative, name).toBeLessThan(1e-4);
  });

  it("reads the older names of the same fields", async () => {
    const logitsOf = async (fields: Record<string, unknown>) => {
      const spec = { tensors: [], labels: 6, seed: 5, precision: "fp32", threads: 1 } as const;
      await using model = await NativeModel.load({ ...spec, config: { ...config, ...fields } });
      return await model.predict(batch);
    };
    const older = await logitsOf({ global_rope_theta: 500, local_rope_theta: 100, initializer_range: 0.5 });
    const newer = await logitsOf({
      initializer_range: 0.5,
      rope_parameters: { full_attention: { rope_theta: 500 }, sliding_attention: { rope_theta: 100 } },
      layer_types: [0, 1, 2, 3, 4].map((i) => (i % 3 === 0 ? "full_attention" : "sliding_attention")),
    });
    expect(newer).toEqual(older);
    expect(await logitsOf({ initializer_range: 0.5 })).not.toEqual(older);
  });
});

it("starts from weights that are nowhere beyond initializer_cutoff_factor deviations", async () => {
  const config = { ...released, initializer_range: 0.1, initializer_cutoff_factor: 1.5 };
  await using model = await NativeModel.load({
    ...{ config, labels: 6, tensors: [], seed: 1, precision: "fp32", threads: 1 },
  });
  const largest = async (name: string) =>
    (await model.parameter(name)).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const inside = await largest("model.layers.1.mlp.Wi.weight");
  expect(inside).toBeLessThanOrEqual(0.15);
  expect(inside).toBeGreaterThan(0.149);
  expect(await largest("model.layers.1.mlp.Wo.weight")).toBeLessThanOrEqual(0.15 / Math.sqrt(10));
  expect(await largest("classifier.weight")).toBeGreaterThan(0.15);
});
