// Training recipes against their formulas in PyTorch: losses, windows, rates of learning, and the optimizer of 2020.
import { beforeAll, describe, expect, it } from "vitest";
import { parseOptions } from "../../src/base/parse-options.js";
import { generator } from "../../src/base/random.js";
import type { Dataset } from "../../src/data/dataset.js";
import type { NativeTrainingOptions } from "../../src/native/types.js";
import { withPreset } from "../../src/options/presets.js";
import { type TrainingOptions, trainingOptions } from "../../src/options/training.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { lossOf } from "../../src/training/loss.js";
import { nativeOptions as ourOptions } from "../../src/training/native-options.js";
import { testDevice } from "../test-device.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  randomBatch,
  temporaryFolder,
  training,
} from "./models.js";
import { runPython } from "./python.js";

const labelNames = ["a", "b", "c", "d"];
const config = {
  model_type: "bert",
  vocab_size: 90,
  hidden_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 3,
  intermediate_size: 40,
  max_position_embeddings: 40,
  num_labels: labelNames.length,
};

/** Python knows how ours is drawn on the CPU; see python/our_dropout.py. */
const onlyHeadDropout = (rate: unknown) => ({
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  classifier_dropout: rate,
});

const plain = randomBatch([5, 9, 1, 30, 17, 4, 12], { vocabulary: 90, labels: 4, seed: 5 });
const random = generator(6, "recipes");
const soft = {
  ...plain,
  labels: plain.labels.map((label) => (Number.isNaN(label) ? label : random.float())),
};
const weighted = { ...plain, weights: Float32Array.of(1, 0, 2.5, 0.1, 1, 3, 0.7) };
/** Four texts: of one, three, one and two windows. */
const windowed = {
  ...plain,
  labels: plain.labels.slice(0, 4 * 4),
  texts: Int32Array.of(0, 1, 4, 5, 7),
  weights: Float32Array.of(1, 2, 0.5, 1),
};

interface Case {
  readonly name: string;
  readonly options: TrainingOptions;
  readonly batch?: LabelledBatch;
  /** What the options and the batch mean, for PyTorch. */
  readonly theirs?: Record<string, unknown>;
}

/** Negatives for each positive of a label in the plain batch. */
function countsOf(label: number): number {
  const values = plain.labels.filter((value, i) => i % 4 === label && !Number.isNaN(value));
  const positives = values.filter((value) => value === 1).length;
  return (values.length - positives) / positives;
}

const asymmetric = { kind: "asymmetric", gammaPositive: 0, gammaNegative: 4, margin: 0.05 };
const focal = { kind: "focal", gamma: 2 };

const everyCase: readonly Case[] = [
  { name: "cross-entropy", options: {} },
  { name: "soft targets", options: {}, batch: soft },
  { name: "row weights", options: {}, batch: weighted },
  {
    name: "one weight of set labels",
    options: { positiveWeight: 3.5 },
    theirs: { loss: { kind: "bce", positiveWeights: [3.5, 3.5, 3.5, 3.5] } },
  },
  {
    name: "weights of set labels by name",
    options: { positiveWeight: { d: 7, a: 0.5 } },
    theirs: { loss: { kind: "bce", positiveWeights: [0.5, 1, 1, 7] } },
  },
  {
    name: "weights of set labels from counts",
    options: { positiveWeight: "counts" },
    theirs: { loss: { kind: "bce", positiveWeights: [0, 1, 2, 3].map(countsOf) } },
  },
  {
    name: "weights of set labels from roots of counts, of weighted rows",
    options: { positiveWeight: "rootCounts" },
    batch: weighted,
    theirs: { loss: { kind: "bce", positiveWeights: [0, 1, 2, 3].map((i) => Math.sqrt(countsOf(i))) } },
  },
  {
    name: "label smoothing",
    options: { labelSmoothing: 0.2 },
    theirs: { loss: { kind: "bce", smoothing: 0.2 } },
  },
  { name: "focal loss", options: { loss: "focal" }, theirs: { loss: focal } },
  {
    name: "focal loss with alpha and a broken exponent",
    options: { loss: "focal", focalGamma: 0.5, focalAlpha: 0.25 },
    theirs: { loss: { ...focal, gamma: 0.5, alpha: 0.25 } },
  },
  { name: "focal loss of soft targets", options: { loss: "focal" }, batch: soft, theirs: { loss: focal } },
  { name: "asymmetric loss", options: { loss: "asymmetric" }, theirs: { loss: asymmetric } },
  {
    name: "asymmetric loss of weighted rows, smoothed",
    options: { loss: "asymmetric", asymmetricPositiveGamma: 1, asymmetricMargin: 0.2, labelSmoothing: 0.1 },
    batch: weighted,
    theirs: { loss: { ...asymmetric, gammaPositive: 1, margin: 0.2, smoothing: 0.1 } },
  },
  { name: "the largest of windows", options: {}, batch: windowed, theirs: { pooling: "max" } },
  {
    name: "the mean of windows",
    options: { windowPooling: "mean" },
    batch: windowed,
    theirs: { pooling: "mean" },
  },
  {
    name: "the optimizer of transformers 2",
    // A large epsilon, so that its place shows in the losses.
    options: { epsilonPlacement: "uncorrected", epsilon: 1e-3, weightDecay: 0 },
    theirs: { transformers2: true, epsilon: 1e-3 },
  },
  { name: "layers that learn ever more slowly", options: { layerDecay: 0.5 } },
  {
    name: "the seed preset",
    // A larger rate than the preset's, whose steps would drown in the weights' rounding.
    options: { preset: "seed", learningRate: 1e-3 },
    theirs: { transformers2: true, lr: 1e-3, epsilon: 1e-6, clip: 0 },
  },
  { name: "frozen embeddings", options: { freezeEmbeddings: true } },
  {
    name: "a head that learns faster",
    options: { headRate: 10 },
  },
  {
    name: "the cosine schedule",
    options: { schedule: "cosine", warmup: 0.25 },
    theirs: { schedule: "cosine", warmupSteps: 5 },
  },
  {
    name: "the linear schedule",
    options: { schedule: "linear", warmup: 0.25 },
    theirs: { schedule: "linear", warmupSteps: 5 },
  },
  {
    name: "an average of the weights",
    options: { ema: 0.3 },
    theirs: { averageSteps: 6 },
  },
  {
    name: "a head that begins at the labels' log-odds",
    options: { headBias: "prior" },
    theirs: { headBias: "prior" },
  },
  {
    name: "adversarial word embeddings",
    options: { fgm: 0.5 },
    theirs: { fgm: 0.5 },
  },
  {
    name: "the head's dropout, drawn once",
    options: { headDropout: 0.3 },
    theirs: { headDropout: 0.3, dropoutSeed: training.seed },
  },
  {
    name: "R-Drop, with the head's dropout drawn twice",
    options: { headDropout: 0.3, rDrop: 3 },
    theirs: { headDropout: 0.3, dropoutSeed: training.seed, rDrop: 3 },
  },
  { name: "two frozen layers of three", options: { freezeLayers: 2, layerDecay: 0.7 } },
];

/** A device draws its dropout with a generator of its own. */
const cases = everyCase.filter(({ theirs }) => testDevice === "cpu" || theirs?.headDropout === undefined);

interface Answer {
  readonly loss: number;
  readonly losses: number[];
  readonly classifier: number[];
  /** The averages of the same weights. */
  readonly average: number[];
}

const questions = cases.map(({ batch = plain, theirs }) => ({
  directory: temporaryFolder(),
  config: { ...config, ...(theirs?.headDropout !== undefined && onlyHeadDropout(theirs.headDropout)) },
  seed: 4,
  steps: 20,
  ...theirs,
  batch,
}));
let answers: Answer[];

/** Names of the parameters as the native model has them, for the rates that Python is told. */
const rateNames = [
  "embeddings",
  "encoder.layer.0.",
  "encoder.layer.1.",
  "encoder.layer.2.",
  "pooler",
  "classifier",
];

/** Written down by hand, not by the code that is tested. */
const expectedRates: Readonly<Record<string, readonly number[]>> = {
  "layers that learn ever more slowly": [0.0625, 0.125, 0.25, 0.5, 1, 1],
  "a head that learns faster": [1, 1, 1, 1, 10, 10],
  "frozen embeddings": [0, 1, 1, 1, 1, 1],
  "two frozen layers of three": [0, 0, 0, 0.7, 1, 1],
};

const parameterNames = [
  ...[
    "word_embeddings.weight",
    "position_embeddings.weight",
    "token_type_embeddings.weight",
    "LayerNorm.weight",
    "LayerNorm.bias",
  ].map((name) => `bert.embeddings.${name}`),
  ...[0, 1, 2].flatMap((layer) =>
    [
      "attention.self.query",
      "attention.self.key",
      "attention.self.value",
      "attention.output.dense",
      "attention.output.LayerNorm",
      "intermediate.dense",
      "output.dense",
      "output.LayerNorm",
    ].flatMap((name) => ["weight", "bias"].map((kind) => `bert.encoder.layer.${layer}.${name}.${kind}`)),
  ),
  ...["bert.pooler.dense", "classifier"].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
];

beforeAll(() => {
  const requests = questions.map(({ batch, ...question }, i) => ({
    ...question,
    rates: ratesOf(cases[i]!.name),
    ids: [...batch.ids],
    offsets: [...batch.offsets],
    types: null,
    labels: Array.from(batch.labels, (label) => (Number.isNaN(label) ? null : label)),
    ...(batch.weights && { weights: [...batch.weights] }),
    ...(batch.texts && { texts: [...batch.texts] }),
  }));
  answers = runPython("recipe_reference.py", requests) as Answer[];
});

function ratesOf(name: string): Record<string, number> {
  const factors = expectedRates[name];
  if (factors === undefined) return {};
  return Object.fromEntries(
    parameterNames.map((parameter) => [
      parameter,
      factors[rateNames.findIndex((part) => parameter.includes(part))]!,
    ]),
  );
}

/** What a run would hand to the engine. */
function nativeOptions(given: TrainingOptions, batch: LabelledBatch): NativeTrainingOptions {
  const options = parseOptions(trainingOptions, withPreset({ preset: "plain", ...given }));
  const dataset: Dataset = { source: "parity", texts: [], labelNames, labels: batch.labels };
  const rows = Int32Array.from({ length: batch.labels.length / 4 }, (_, row) => row);
  const data = { ...batch, dataset, tokens: batch, origin: rows };
  const { initialHeadBias } = ourOptions({ training: data, headIsFresh: true }, options, 20);
  return {
    ...training,
    ...(options.preset === "seed" && { learningRate: options.learningRate, maxGradientNorm: 0 }),
    ...(given.schedule && { schedule: given.schedule, warmupSteps: 20 * options.warmup }),
    averageSteps: 20 * options.ema,
    headRate: options.headRate,
    ...(initialHeadBias && { initialHeadBias }),
    dropout: options.headDropout !== undefined,
    adversarial: options.fgm,
    weightDecay: options.weightDecay,
    epsilon: options.epsilon,
    epsilonBeforeCorrection: options.epsilonPlacement === "uncorrected",
    loss: lossOf(options, dataset, rows),
    meanOfWindows: options.windowPooling === "mean",
    layerDecay: options.layerDecay,
    freezeEmbeddings: options.freezeEmbeddings,
    freezeLayers: options.freezeLayers,
  };
}

describe.each(cases.map((each, index) => ({ ...each, index })))(
  "$name",
  ({ name, options, batch = plain, index }) => {
    it("has PyTorch's loss, gradients and twenty steps", async () => {
      const { directory } = questions[index]!;
      const expected = answers[index]!;
      await using model = await loadModel(directory, 4);
      if (!(name in expectedRates)) {
        const run = await model.startTraining(nativeOptions(options, batch));
        expect(await run.computeGradients(batch)).toBeCloseTo(expected.loss, 5);
        const gradient = await gradientDifference(model, run, directory);
        expect(gradient.relative, gradient.name).toBeLessThan(1e-4);
      }
      const run = await model.startTraining(nativeOptions(options, batch));
      const losses: number[] = [];
      for (let i = 0; i < 20; i++) losses.push((await run.step([batch])).loss);
      expect(largestDifference(losses, expected.losses)).toBeLessThan(1e-4);
      expect(losses[19]).toBeLessThan(losses[0]!);
    });
  },
);

it("the seed preset changes the weights as the notebook's optimizer did", async () => {
  const index = cases.findIndex(({ name }) => name === "the seed preset");
  const { directory, batch } = questions[index]!;
  await using model = await loadModel(directory, 4);
  const before = await model.parameter("classifier.weight");
  const run = await model.startTraining(nativeOptions(cases[index]!.options, batch));
  for (let i = 0; i < 20; i++) await run.step([batch]);
  const ours = (await model.parameter("classifier.weight")).map((weight, i) => weight - before[i]!);
  const theirs = Float32Array.from(answers[index]!.classifier, (weight, i) => weight - before[i]!);
  // Epsilon in its other place, or another one, would move them by more.
  expect(largestDifference(ours, theirs)).toBeLessThan(1e-4 * Math.max(...theirs.map(Math.abs)));
});

it("tells the recipes apart", () => {
  const last = answers.map(({ losses }) => losses.at(-1)!.toPrecision(5));
  // An average changes no step.
  expect(new Set(last).size).toBe(cases.length - 1);
});

it("averages the weights as PyTorch's AveragedModel would, and trains on with the weights themselves", async () => {
  const index = cases.findIndex(({ name }) => name === "an average of the weights");
  const { directory, batch } = questions[index]!;
  await using model = await loadModel(directory, 4);
  const run = await model.startTraining(nativeOptions(cases[index]!.options, batch));
  const losses: number[] = [];
  for (let i = 0; i < 20; i++) {
    losses.push((await run.step([batch])).loss);
    await model.predict(batch); // with the averages, which the next step puts back
  }
  expect(largestDifference(losses, answers[index]!.losses)).toBeLessThan(1e-4);
  const ours = await model.parameter("classifier.weight");
  expect(largestDifference(ours, answers[index]!.average)).toBeLessThan(1e-5);
  const plainAnswer = answers[cases.findIndex(({ name }) => name === "cross-entropy")]!;
  expect(largestDifference(ours, plainAnswer.classifier)).toBeGreaterThan(1e-4);
});

it("leaves frozen parameters as they are, and without gradient", async () => {
  const { directory, batch } = questions.at(-1)!;
  await using model = await loadModel(directory, 4);
  const names = ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.1.output.dense.weight"];
  const before = await Promise.all(names.map((name) => model.parameter(name)));
  const run = await model.startTraining(nativeOptions({ freezeLayers: 2 }, batch));
  await run.step([batch]);
  expect(await Promise.all(names.map((name) => model.parameter(name)))).toEqual(before);
  await run.computeGradients(batch);
  expect((await run.gradient(names[1]!)).every((value) => value === 0)).toBe(true);
  expect((await run.gradient("bert.encoder.layer.2.output.dense.weight")).some((value) => value !== 0)).toBe(
    true,
  );
});
