// BERT against transformers in PyTorch: logits, gradients, training, and model directories read both ways.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { readModelDirectory, weightsForLabels } from "../../src/model/directory.js";
import { saveModelDirectory } from "../../src/model/save.js";
import { NativeModel } from "../../src/native.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { Tokenizer } from "../../src/text/tokenizer.js";
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
import { miniLmDirectory } from "./python.js";

const tiny = {
  model_type: "bert",
  vocab_size: 97,
  hidden_size: 20,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 36,
  max_position_embeddings: 40,
  num_labels: 1,
};
const small = {
  ...tiny,
  vocab_size: 300,
  hidden_size: 64,
  num_hidden_layers: 4,
  intermediate_size: 200,
  max_position_embeddings: 512,
  type_vocab_size: 3,
  num_labels: 6,
};

/** Every configuration with its batch; `types` is the number of segments used. */
const cases = [
  { name: "one layer, one label", config: tiny, lengths: [1, 2, 40, 7], types: 0 },
  { name: "four layers, 1 to 512 tokens", config: small, lengths: [1, 3, 17, 64, 129, 512, 33], types: 0 },
  { name: "with segments", config: small, lengths: [5, 31, 100], types: 3 },
  { name: "one row of one token", config: small, lengths: [1], types: 0 },
  { name: "tanh-GELU", config: { ...small, hidden_act: "gelu_new" }, lengths: [9, 20], types: 0 },
  {
    name: "ReLU, head of its own width",
    config: { ...small, hidden_act: "relu", num_attention_heads: 2 },
    lengths: [9, 20],
    types: 0,
  },
];

const questions = cases.map(({ config, lengths, types }) => ({
  directory: temporaryFolder(),
  config,
  seed: 3,
  steps: 20,
  batch: randomBatch(lengths, { vocabulary: config.vocab_size, labels: config.num_labels, types, seed: 7 }),
}));
let answers: Reference[];

beforeAll(() => {
  answers = references(questions);
});

describe.each(cases.map(({ name }, index) => ({ name, index })))("a random BERT ($name)", ({ index }) => {
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
    expect(losses[19]).not.toBeCloseTo(losses[0]!, 2);
  });
});

it("gives bf16 probabilities within 0.01 of fp32", async () => {
  const { directory, batch } = questions[1]!;
  const model = await loadModel(directory, 6, { precision: "bf16" });
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const ours = (await model.predict(batch)).map(sigmoid);
  expect(largestDifference(ours, answers[1]!.logits.map(sigmoid))).toBeLessThan(0.01);
});

describe("MiniLM, real weights", () => {
  const labelNames = ["toxic", "obscene", "insult"];
  const texts = [
    "What a lovely day it is.",
    "You are the worst person I have ever met; go away!",
    "Ünïcödé, 東京 and emoji 🙂 in one line",
    "word ".repeat(600),
  ];

  it("is loaded, saved, and read by transformers with the same logits", async () => {
    const source = temporaryFolder();
    cpSync(miniLmDirectory(), source, { recursive: true });
    const tokenizer = await Tokenizer.load(source, "bert");
    const tokens = await tokenizer.encode(texts, 512);
    expect(tokens.offsets[4]! - tokens.offsets[3]!).toBe(512); // not the 128 stored in its tokenizer.json
    const saved = join(temporaryFolder(), "saved");
    const { logits, model } = await saveWithFreshHead(source, saved, labelNames, tokens, tokenizer);
    expect(model.info.ignored).toEqual(["embeddings.position_ids"]);
    expect([...model.info.initialised].sort()).toEqual(["classifier.bias", "classifier.weight"]);

    const labelled: LabelledBatch = { ...tokens, labels: new Float32Array(4 * labelNames.length) };
    const [theirs] = references([{ directory: saved, batch: labelled }]);
    expect(largestDifference(logits, theirs!.logits)).toBeLessThan(1e-5);
    const { name, relative } = await gradientsOf(saved, labelled, labelNames.length);
    expect(relative, name).toBeLessThan(1e-4);

    await using classifier = await Classifier.load(saved);
    expect(classifier.labels).toEqual(labelNames);
    expect(largestDifference(await classifier.logits(texts), logits)).toBeLessThan(1e-6);
  });
});

async function gradientsOf(directory: string, batch: LabelledBatch, labels: number) {
  await using model = await loadModel(directory, labels);
  await model.computeGradients(batch);
  return await gradientDifference(model, directory);
}

async function saveWithFreshHead(
  source: string,
  target: string,
  labelNames: readonly string[],
  tokens: { ids: Int32Array; offsets: Int32Array },
  tokenizer: Tokenizer,
) {
  const directory = await readModelDirectory(source);
  const { tensors } = weightsForLabels(directory, labelNames);
  const model = await NativeModel.load({
    config: directory.config,
    labels: labelNames.length,
    tensors,
    seed: 9,
    precision: "fp32",
    threads: 2,
  });
  const logits = await model.predict(tokens);
  await saveModelDirectory(target, {
    config: directory.config,
    labelNames,
    tagformer: {},
    writeTokenizer: (folder) => tokenizer.writeFiles(folder),
    writeWeights: (file) => model.save(file),
  });
  return { logits, model };
}
