import { describe, expect, it } from "vitest";
import { parseOptions } from "../../../src/base/parse-options.js";
import { modelOptions } from "../../../src/options/model.js";
import { withPreset } from "../../../src/options/presets.js";
import { trainingOptions } from "../../../src/options/training.js";

const parse = (values: unknown) => parseOptions(trainingOptions, values);
const refusal = (values: unknown) => {
  try {
    parse(values);
  } catch (error) {
    expect(error).toMatchObject({ name: "TagformerError", code: "INVALID_OPTION" });
    return (error as Error).message;
  }
  throw new Error("expected an error");
};

describe("options", () => {
  it("have the defaults that are documented", () => {
    expect(parse({})).toEqual({
      precision: "fp32",
      device: "auto",
      threads: 0,
      tokenTypes: "tokenizer",
      windowStride: 0,
      maxWindows: 0,
      windowPooling: "max",
      preset: "auto",
      report: true,
      trust: false,
      epochs: 3,
      batchSize: 32,
      gradientAccumulation: 1,
      learningRate: 2e-5,
      headRate: 1,
      headBias: "zero",
      ema: 0,
      schedule: "linear",
      warmup: 0.1,
      weightDecay: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      epsilonPlacement: "corrected",
      maxGradientNorm: 1,
      loss: "bce",
      positiveWeight: "none",
      focalGamma: 2,
      asymmetricPositiveGamma: 0,
      asymmetricNegativeGamma: 4,
      asymmetricMargin: 0.05,
      labelSmoothing: 0,
      rDrop: 0,
      fgm: 0,
      layerDecay: 1,
      freezeEmbeddings: false,
      freezeLayers: 0,
      dropout: true,
      validationSplit: 0.1,
      splitMethod: "iterative",
      splitByText: false,
      testSplit: 0,
      bestMetric: "microF1",
      keep: "best",
      patience: 0,
      baseline: true,
      thresholds: true,
      seed: 42,
    });
  });

  it("are what a default stands for when they are undefined", () => {
    expect(parse({ epochs: undefined, seed: 7 })).toEqual({ ...parse({}), seed: 7 });
  });

  it.each(Object.entries(trainingOptions.shape))("%s is documented", (_, schema) => {
    expect(schema.description).toMatch(/\w+ \w+/);
  });

  it.each(Object.keys(modelOptions.shape))("%s of a model is an option of training, too", (name) => {
    expect(trainingOptions.shape).toHaveProperty(name);
  });

  it.each<[string, unknown]>([
    ["epochs", 0],
    ["epochs", "3"],
    ["epochs", null],
    ["epochs", 10n],
    ["batchSize", 65_537],
    ["gradientAccumulation", -1],
    ["learningRate", 0],
    ["learningRate", Number.NaN],
    ["learningRate", Number.POSITIVE_INFINITY],
    ["learningRate", 10.5],
    ["schedule", "cubic"],
    ["warmup", 1],
    ["weightDecay", 1.01],
    ["beta1", 1],
    ["epsilon", 0],
    ["maxGradientNorm", -1],
    ["dropout", "no"],
    ["validationSplit", 1],
    ["bestMetric", "f1"],
    ["patience", -1],
    ["seed", -1],
    ["seed", 2 ** 53],
    ["precision", "fp16"],
    ["device", "gpu"],
    ["device", "cuda:"],
    ["threads", 1025],
    ["maxLength", 2],
  ])("refuse %s: %o, naming the option and what was found", (name, value) => {
    const message = refusal({ [name]: value });
    expect(message).toMatch(new RegExp(`^option ${name} is `));
    const found =
      typeof value === "string" ? `'${value}'` : `${value}${typeof value === "bigint" ? "n" : ""}`;
    expect(message).toContain(`is ${found}: `);
  });

  it.each<[string, unknown]>([
    ["device", "cuda:1"],
    ["validationSplit", 0],
    ["warmup", 0],
    ["maxGradientNorm", 0],
    ["learningRate", 10],
    ["threads", 1024],
  ])("accept %s: %o", (name, value) => {
    expect(parse({ [name]: value })).toMatchObject({ [name]: value });
  });

  it.each([
    ["learningrate", "learningRate"],
    ["epoch", "epochs"],
    ["batch_size", "batchSize"],
    ["maxLenght", "maxLength"],
  ])("that are misspelt, like %s, get a suggestion", (wrong, right) => {
    expect(refusal({ [wrong]: 1 })).toBe(`unknown option "${wrong}"; did you mean "${right}"?`);
  });

  it("that are far from any are answered with all that there are", () => {
    expect(refusal({ optimizer: "sgd" })).toMatch(
      /unknown option "optimizer"; expected one of precision, .* and \d+ more$/,
    );
  });

  it.each<[object, string]>([
    [{ epochs: "3" }, "option epochs is '3': expected a number"],
    [{ epochs: 0 }, "option epochs is 0: expected more than 0"],
    [{ epochs: Number.NaN }, "option epochs is NaN: expected a number"],
    [{ learningRate: 0 }, "option learningRate is 0: expected more than 0"],
    [{ learningRate: 11 }, "option learningRate is 11: expected at most 10"],
    [{ warmup: 1 }, "option warmup is 1: expected less than 1"],
    [{ maxLength: 2 }, "option maxLength is 2: expected at least 3"],
    [{ dropout: "no" }, "option dropout is 'no': expected true or false"],
    [{ tokenizer: 3 }, "option tokenizer is 3: expected a text"],
    [{ schedule: "cubic" }, "option schedule is 'cubic': expected linear, cosine or constant"],
    [
      { positiveWeight: true },
      "option positiveWeight is true: expected none, counts or rootCounts, or a number, or an object",
    ],
    [
      { positiveWeight: { a: "x" } },
      "option positiveWeight is { a: 'x' }: expected none, counts or rootCounts, or a number, or a number for \"a\"",
    ],
  ])("say what was expected in words of their own: %j", (options, message) => {
    expect(() => parseOptions(trainingOptions, options)).toThrow(expect.objectContaining({ message }));
  });

  it.each([null, 3, "fp32", [], undefined])("must be an object, not %o", (values) => {
    expect(refusal(values)).toMatch(/^the options are .*expected an object/);
  });

  it("show a long value cut", () => {
    expect(refusal({ device: "x".repeat(10_000) }).length).toBeLessThan(300);
  });
});

describe("presets", () => {
  it("fill in what was not given, and give way to what was", () => {
    const resolved = parseOptions(
      trainingOptions,
      withPreset({ preset: "seed", epochs: 1, warmup: undefined }),
    );
    expect(resolved).toMatchObject({
      epochs: 1,
      warmup: 0,
      batchSize: 32,
      learningRate: 2e-5,
      schedule: "constant",
      weightDecay: 0,
      epsilon: 1e-6,
      epsilonPlacement: "uncorrected",
      maxGradientNorm: 0,
      keep: "last",
      loss: "bce",
    });
  });

  it("leave an unknown name to the schema", () => {
    const options = withPreset({ preset: "sead" as "seed" });
    expect(() => parseOptions(trainingOptions, options)).toThrow("option preset is 'sead'");
  });
});
