// DeBERTa against transformers in PyTorch, in the shapes of its published models: distances that share buckets, shared
// projections, texts longer than the buckets reach, the convolution beside the first layer.
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeModel } from "../../src/native.js";
import type { LabelledBatch } from "../../src/text/batch.js";
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

const v3 = {
  model_type: "deberta-v2",
  vocab_size: 120,
  hidden_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 72,
  max_position_embeddings: 512,
  type_vocab_size: 0,
  relative_attention: true,
  position_buckets: 256,
  max_relative_positions: -1,
  norm_rel_ebd: "layer_norm",
  share_att_key: true,
  pos_att_type: "p2c|c2p",
  position_biased_input: false,
  num_labels: 5,
};

/** Few: the distances of these long texts cost transformers a second a step; random configurations make twenty. */
const steps = 3;

const cases = [
  { name: "v3, 1 to 512 tokens", config: v3, lengths: [1, 2, 33, 128, 129, 512], types: 0 },
  { name: "v3, longer than its buckets reach", config: v3, lengths: [600, 40], types: 0 },
  {
    name: "v2-xlarge, with a convolution and segments",
    config: { ...v3, conv_kernel_size: 3, conv_act: "gelu", type_vocab_size: 2 },
    lengths: [1, 2, 70, 300],
    types: 2,
  },
  {
    name: "one layer with a convolution",
    config: { ...v3, num_hidden_layers: 1, conv_kernel_size: 3 },
    lengths: [7, 1, 40],
    types: 0,
  },
  {
    name: "a bucket for each distance, projections of its own, positions in the input",
    config: {
      ...v3,
      position_buckets: -1,
      max_relative_positions: 60,
      share_att_key: false,
      norm_rel_ebd: "none",
      position_biased_input: true,
    },
    lengths: [50, 200],
    types: 0,
  },
];

const questions = cases.map(({ config, lengths, types }, i) => ({
  directory: temporaryFolder(),
  config,
  seed: 40 + i,
  steps,
  batch: randomBatch(lengths, {
    vocabulary: config.vocab_size,
    labels: config.num_labels,
    types,
    seed: 50 + i,
  }),
}));
let answers: Reference[];

beforeAll(() => {
  answers = references(questions);
});

describe.each(cases.map(({ name }, index) => ({ name, index })))("a random DeBERTa ($name)", ({ index }) => {
  const { directory, batch, config } = questions[index]!;
  let expected: Reference;
  let model: NativeModel;

  beforeAll(async () => {
    expected = answers[index]!;
    model = await loadModel(directory, config.num_labels, { threads: 1 });
    return () => model.dispose();
  });

  it("has transformers' logits", async () => {
    expect(largestDifference(await model.predict(batch), expected.logits)).toBeLessThan(1e-5);
  });

  it("has PyTorch's loss and gradients", async () => {
    expect(await model.computeGradients(batch)).toBeCloseTo(expected.loss, 5);
    const { name, relative } = await gradientDifference(model, directory);
    expect(relative, name).toBeLessThan(1e-4);
  });

  it("gives a row the same scores whatever else is in its batch", async () => {
    const together = await model.predict(batch);
    const labels = config.num_labels;
    for (let row = 0; row + 1 < batch.offsets.length; row++) {
      const alone = await model.predict(rowOf(batch, row));
      expect(largestDifference(alone, together.subarray(row * labels, (row + 1) * labels))).toBeLessThan(
        1e-5,
      );
    }
  });

  it("makes AdamW steps with PyTorch's losses", async () => {
    await model.startTraining(training);
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push((await model.trainStep([batch])).loss);
    expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-4);
  });
});

it.each([0, 2])("gives bf16 probabilities within 0.01 of fp32 (case %i)", async (index) => {
  const { directory, batch } = questions[index]!;
  await using model = await loadModel(directory, 5, { precision: "bf16", threads: 1 });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const ours = (await model.predict(batch)).map(sigmoid);
  expect(largestDifference(ours, answers[index]!.logits.map(sigmoid))).toBeLessThan(0.01);
});

/** A batch of one row of `batch`. */
function rowOf(batch: LabelledBatch, row: number): LabelledBatch {
  const [begin, end] = [batch.offsets[row]!, batch.offsets[row + 1]!];
  return {
    ids: batch.ids.slice(begin, end),
    offsets: Int32Array.of(0, end - begin),
    labels: batch.labels,
    ...(batch.types ? { types: batch.types.slice(begin, end) } : {}),
  };
}
