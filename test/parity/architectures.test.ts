// Every architecture against transformers in PyTorch, over random small configurations and ragged batches: logits,
// gradients, training, and model directories read both ways.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { saveModelDirectory } from "../../src/model/save.js";
import { NativeModel } from "../../src/native.js";
import { generator } from "../../src/random.js";
import { note } from "./figures.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  type Question,
  type Reference,
  randomBatch,
  references,
  rowOf,
  temporaryFolder,
  training,
} from "./models.js";
import { draws, type RandomConfig } from "./random-configs.js";

const seed = 20;
/** Two threads would wait for each other longer than such small models compute. */
const threads = 1;
/** Few for BERT, which has tests of its own, and for what differs from another model type only in its name. */
const counts: Readonly<Record<string, number>> = { bert: 2, camembert: 1, "xlm-roberta": 1 };
const usualCount = 6;
const noWeights = { tensors: [], seed: 4, precision: "fp32", threads } as const;

interface Case {
  readonly name: string;
  readonly drawn: RandomConfig;
  /** A random model that transformers makes and saves. */
  readonly theirs: Question;
  /** A model that we make, train for a few steps and save. */
  readonly ours: Question;
}

const cases = Object.keys(draws).flatMap((modelType) =>
  Array.from({ length: counts[modelType] ?? usualCount }, (_, i) => drawCase(modelType, i)),
);
const ourLogits = new Map<string, Float32Array>();
const expected = new Map<Question, Reference>();

function drawCase(modelType: string, index: number): Case {
  const name = `${modelType} ${index}`;
  const random = generator(seed, name);
  const drawn = draws[modelType]!(random);
  const { vocabulary, labels, types, maxLength } = drawn;
  const longest = Math.min(maxLength, 70);
  const some = Array.from({ length: random.below(6) }, () => 1 + random.below(longest));
  const lengths = [...some, index % 2 === 0 ? longest : 1];
  const batch = randomBatch(lengths, {
    vocabulary,
    labels,
    types: index % 3 === 0 ? 0 : types,
    seed: seed + index,
  });
  return {
    name,
    drawn,
    theirs: { directory: temporaryFolder(), config: drawn.config, seed: seed + index, steps: 20, batch },
    ours: { directory: join(temporaryFolder(), "saved"), batch },
  };
}

/** A model of ours with random weights, after a few training steps with dropout: no bias is zero any more. */
async function makeAndSave({ drawn, ours }: Case): Promise<Float32Array> {
  const config = { ...drawn.config, initializer_range: 0.3 };
  await using model = await fresh(config, drawn.labels);
  await model.startTraining({ ...training, dropout: true, learningRate: 0.02 });
  for (let i = 0; i < 3; i++) await model.trainStep([ours.batch]);
  await saveModelDirectory(ours.directory, {
    config,
    labelNames: Array.from({ length: drawn.labels }, (_, i) => `label ${i}`),
    tagformer: {},
    writeTokenizer: async () => {},
    writeWeights: (file) => model.save(file),
  });
  return await model.predict(ours.batch);
}

function fresh(config: Record<string, unknown>, labels: number): Promise<NativeModel> {
  return NativeModel.load({ ...noWeights, config, labels });
}

beforeAll(async () => {
  for (const one of cases) ourLogits.set(one.name, await makeAndSave(one));
  const questions = cases.flatMap(({ theirs, ours }) => [theirs, ours]);
  for (const [i, answer] of references(questions).entries()) expected.set(questions[i]!, answer);
});

it("is every architecture that the engine knows", async () => {
  const unknown = NativeModel.load({ ...noWeights, config: { model_type: "gpt2" }, labels: 1 });
  const supported = Object.keys(draws).join(", ");
  await expect(unknown).rejects.toMatchObject({
    code: "INVALID_MODEL",
    message: expect.stringContaining(`"gpt2", which is not supported; supported are ${supported}`),
  });
});

describe.each(cases)("a random $name", ({ name, drawn, theirs, ours }) => {
  const modelType = String(drawn.config.model_type);
  let model: NativeModel;
  beforeAll(async () => {
    model = await loadModel(theirs.directory, drawn.labels, { threads });
    return () => model.dispose();
  });

  it("is read from transformers' files, whole", () => {
    expect(model.info).toMatchObject({ initialised: [], ignored: [] });
    if (drawn.maxLength < Number.POSITIVE_INFINITY) expect(model.info.maxLength).toBe(drawn.maxLength);
    note(modelType, { loads: true });
  });

  it("has transformers' logits", async () => {
    const logits = largestDifference(await model.predict(theirs.batch), expected.get(theirs)!.logits);
    expect(logits).toBeLessThan(1e-5);
    note(modelType, { logits });
  });

  it("scores a text as it does alone", async () => {
    const together = await model.predict(theirs.batch);
    for (let row = 0; row + 1 < theirs.batch.offsets.length; row++) {
      const alone = await model.predict(rowOf(theirs.batch, row));
      const beside = together.subarray(row * drawn.labels, (row + 1) * drawn.labels);
      expect(largestDifference(alone, beside)).toBeLessThan(5e-6); // other blocks in matrix products
    }
  });

  it("has PyTorch's loss and gradients", async () => {
    expect(await model.computeGradients(theirs.batch)).toBeCloseTo(expected.get(theirs)!.loss, 5);
    const { name: tensor, relative } = await gradientDifference(model, theirs.directory);
    expect(relative, tensor).toBeLessThan(1e-4);
    note(modelType, { gradients: relative });
  });

  it("gives bf16 probabilities within 0.01 of fp32", async () => {
    await using rounded = await loadModel(theirs.directory, drawn.labels, { threads, precision: "bf16" });
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const ours = (await rounded.predict(theirs.batch)).map(sigmoid);
    const bf16 = largestDifference(ours, expected.get(theirs)!.logits.map(sigmoid));
    expect(bf16).toBeLessThan(0.01);
    note(modelType, { bf16 });
  });

  it("has the same logits and gradients in libtorch's own operations over padded batches", async () => {
    await using dense = await loadModel(theirs.directory, drawn.labels, { threads, dense: true });
    const { logits, loss } = expected.get(theirs)!;
    expect(largestDifference(await dense.predict(theirs.batch), logits)).toBeLessThan(1e-5);
    expect(await dense.computeGradients(theirs.batch)).toBeCloseTo(loss, 5);
    const { name: tensor, relative } = await gradientDifference(dense, theirs.directory);
    expect(relative, tensor).toBeLessThan(1e-4);
  });

  it("makes twenty AdamW steps with PyTorch's losses", async () => {
    await model.startTraining(training);
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push((await model.trainStep([theirs.batch])).loss);
    expect(largestDifference(losses, expected.get(theirs)!.losses)).toBeLessThan(1e-4);
    expect(losses[19]).toBeLessThan(losses[0]!);
    note(modelType, { trains: true });
  });

  it("is saved so that transformers reads it with the same logits", () => {
    expect(largestDifference(ourLogits.get(name)!, expected.get(ours)!.logits)).toBeLessThan(1e-5);
    note(modelType, { saves: true });
  });
});

describe("config.json", () => {
  const small = Object.fromEntries(cases.map(({ drawn: { config } }) => [config.model_type, config]));

  /** The loss of one training step, with dropout or without. */
  async function lossOf(config: Record<string, unknown>, dropout: boolean): Promise<number> {
    await using model = await fresh({ ...config, initializer_range: 0.3 }, 3);
    await model.startTraining({ ...training, dropout });
    const batch = randomBatch([5, 8, 3], { vocabulary: 20, labels: 3, seed: 1 });
    return (await model.trainStep([batch])).loss;
  }

  it.each([
    ["bert", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["roberta", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["electra", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["albert", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"]],
    ["distilbert", ["dropout", "attention_dropout", "seq_classif_dropout"]],
    ["xlnet", ["dropout", "summary_last_dropout"]],
    ["deberta-v2", ["hidden_dropout_prob", "attention_probs_dropout_prob", "pooler_dropout", "cls_dropout"]],
    ["modernbert", ["embedding_dropout", "attention_dropout", "mlp_dropout", "classifier_dropout"]],
  ])("has a meaning for every dropout rate of %s", async (modelType, fields) => {
    const positions = modelType === "xlnet" ? {} : { max_position_embeddings: 20 };
    const config = { ...small[modelType], ...positions };
    const none = { ...config, ...Object.fromEntries(fields.map((field) => [field, 0])) };
    const plain = await lossOf(none, false);
    expect(await lossOf(none, true)).toBe(plain);
    for (const field of fields) {
      expect(await lossOf({ ...none, [field]: 0.4 }, false), field).toBe(plain);
      expect(Math.abs((await lossOf({ ...none, [field]: 0.4 }, true)) - plain), field).toBeGreaterThan(1e-4);
    }
  });

  it("may ask for sines and cosines as the first positions", async () => {
    const config = { ...small.distilbert, sinusoidal_pos_embds: true, dim: 4, n_heads: 1 };
    await using model = await fresh(config, 1);
    const rows = await model.parameter("distilbert.embeddings.position_embeddings.weight");
    const second = [Math.sin(1), Math.cos(1), Math.sin(0.01), Math.cos(0.01)];
    expect(largestDifference(rows.subarray(0, 8), [0, 1, 0, 1, ...second])).toBeLessThan(1e-6);
  });

  it.each([
    ["bert", { position_embedding_type: "relative_key" }, "position_embedding_type"],
    ["bert", { pad_token_id: -1 }, "pad_token_id is -1; expected an integer from 0 to"],
    ["bert", { embedding_size: 8 }, "not support: embedding_size (8)"],
    ["roberta", { pad_token_id: null }, "pad_token_id is null"],
    ["roberta", { pad_token_id: 3, max_position_embeddings: 4 }, "expected at least pad_token_id + 2"],
    ["electra", { num_attention_heads: 3, hidden_size: 20 }, "expected a multiple of num_attention_heads, 3"],
    ["electra", { hidden_act: "prelu" }, 'hidden_act is "prelu"; expected one of'],
    ["albert", { num_hidden_groups: 2, num_hidden_layers: 1 }, "num_hidden_groups is 2"],
    ["albert", { gap_size: 1 }, "gap_size is 1"],
    ["albert", { classifier_dropout: 0.1 }, "not support: classifier_dropout (0.1)"],
    ["deberta-v2", { pos_att_type: ["c2p", "p2p"] }, 'pos_att_type is "p2p"; expected one of c2p, p2c'],
    ["deberta-v2", { norm_rel_ebd: "batch_norm" }, 'norm_rel_ebd is "batch_norm"'],
    ["deberta-v2", { position_buckets: 1 }, "position_buckets is 1; expected"],
    ["deberta-v2", { position_buckets: 16, max_relative_positions: 9 }, "position_buckets is 16; expected"],
    ["deberta-v2", { conv_kernel_size: 4 }, "conv_kernel_size is 4; expected an odd number"],
    ["deberta-v2", { pooler_hidden_size: 3 }, "pooler_hidden_size is 3"],
    ["deberta-v2", { attention_head_size: 999 }, "attention_head_size is 999"],
    ["deberta-v2", { summary_type: "first" }, 'not support: summary_type ("first")'],
    ["distilbert", { hidden_size: 16 }, "not support: hidden_size (16)"],
    ["distilbert", { n_heads: 3, dim: 20 }, "dim is 20; expected a multiple of n_heads, 3"],
    ["modernbert", { hidden_size: 20, num_attention_heads: 4 }, "num_attention_heads is 5; expected an even"],
    ["modernbert", { classifier_pooling: "max" }, 'classifier_pooling is "max"; expected one of cls, mean'],
    ["modernbert", { layer_types: ["full_attention"], num_hidden_layers: 2 }, "layer_types has 1 entries"],
    ["modernbert", { layer_types: ["causal"] }, 'layer_types is "causal"; expected one of full_attention,'],
    ["modernbert", { rope_parameters: { rope_theta: 1e4 } }, "not support: rope_parameters.rope_theta"],
    [
      "modernbert",
      { rope_parameters: { full_attention: { rope_type: "yarn" } } },
      'rope_parameters.full_attention.rope_type is "yarn"; expected one of default, linear',
    ],
    [
      "modernbert",
      { rope_parameters: { sliding_attention: { rope_type: "default", factor: 2 } } },
      "not support: rope_parameters.sliding_attention.factor (2)",
    ],
  ])("is refused for %s with %j", async (modelType, fields, problem) => {
    const loading = fresh({ ...small[modelType], ...fields }, 1);
    await expect(loading).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
  });

  it("may say that no token is padding, whose embedding is then trained", async () => {
    const batch = randomBatch([4], { vocabulary: 1, labels: 1, seed: 1 }); // four times token 0
    const gradientOfPadding = async (pad_token_id: number | null) => {
      await using model = await fresh({ ...small.bert, pad_token_id, initializer_range: 0.3 }, 1);
      await model.computeGradients(batch);
      const gradient = await model.gradient("bert.embeddings.word_embeddings.weight");
      return gradient.some((x) => x !== 0);
    };
    expect(await gradientOfPadding(0)).toBe(false);
    expect(await gradientOfPadding(null)).toBe(true);
  });
});
