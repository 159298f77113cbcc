// XLNet against transformers in PyTorch, which pads on the left where ragged batches pad nothing.
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeModel } from "../../src/native.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  type Reference,
  randomBatch,
  references,
  temporaryFolder,
  training,
} from "./models.js";

const small = {
  model_type: "xlnet",
  vocab_size: 120,
  d_model: 32,
  n_layer: 3,
  n_head: 4,
  d_inner: 72,
  num_labels: 5,
};

const cases = [
  { name: "segments, 1 to 300 tokens", config: small, lengths: [1, 2, 17, 33, 64, 300], types: 3 },
  { name: "no segments", config: small, lengths: [9, 31, 5], types: 0 },
  { name: "one row of one token", config: small, lengths: [1], types: 3 },
  { name: "one layer, one head", config: { ...small, n_layer: 1, n_head: 1 }, lengths: [40, 7], types: 2 },
  {
    name: "clamped distances, ReLU",
    config: { ...small, clamp_len: 6, ff_activation: "relu", d_model: 20, n_head: 2 },
    lengths: [12, 50],
    types: 2,
  },
];

const questions = cases.map(({ config, lengths, types }, i) => ({
  directory: temporaryFolder(),
  config,
  seed: 20 + i,
  steps: 20,
  batch: randomBatch(lengths, {
    vocabulary: config.vocab_size,
    labels: config.num_labels,
    types,
    seed: 30 + i,
  }),
}));
let answers: Reference[];

beforeAll(() => {
  answers = references(questions);
});

describe.each(cases.map(({ name }, index) => ({ name, index })))("a random XLNet ($name)", ({ index }) => {
  const { directory, batch, config } = questions[index]!;
  let expected: Reference;
  let model: NativeModel;

  beforeAll(async () => {
    expected = answers[index]!;
    model = await loadModel(directory, config.num_labels);
  });

  it("has transformers' logits", async () => {
    expect(largestDifference(await model.predict(batch), expected.logits)).toBeLessThan(1e-5);
  });

  it("has PyTorch's loss and gradients", async () => {
    expect(await model.computeGradients(batch)).toBeCloseTo(expected.loss, 5);
    const { name, relative } = await gradientDifference(model, directory);
    expect(relative, name).toBeLessThan(1e-4);
  });

  it("makes twenty AdamW steps with PyTorch's losses", async () => {
    await model.startTraining(training);
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push((await model.trainStep([batch])).loss);
    expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-4);
    await model.dispose();
  });
});

it("gives bf16 probabilities within 0.01 of fp32", async () => {
  const { directory, batch } = questions[0]!;
  await using model = await loadModel(directory, 5, { precision: "bf16" });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const ours = (await model.predict(batch)).map(sigmoid);
  expect(largestDifference(ours, answers[0]!.logits.map(sigmoid))).toBeLessThan(0.01);
});
