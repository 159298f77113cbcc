import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addDataFlags } from "../../../src/cli/data-flags.js";
import { addFlags, parseCount, takeFlags } from "../../../src/cli/flags.js";
import { inspectionOptions } from "../../../src/options/evaluation.js";
import { trainingOptions } from "../../../src/options/training.js";

function parse(...args: string[]): Record<string, unknown> {
  const command = addFlags(new Command("train"), trainingOptions)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: "user" }).opts();
}

describe("flags made from a schema", () => {
  it("are one for each option, with its documentation and default", () => {
    const { options } = addFlags(new Command("train"), trainingOptions);
    const shown = options.filter(({ hidden }) => !hidden);
    expect(shown.map((option) => option.attributeName())).toEqual(Object.keys(trainingOptions.shape));
    const find = (flag: string) => options.find(({ long }) => long === flag)!;
    expect(find("--learning-rate").description).toBe(
      "peak learning rate of AdamW (default: found by the preset auto, else 2e-5)",
    );
    expect(find("--batch-size").flags).toBe("--batch-size <integer>");
    expect(find("--schedule")).toMatchObject({
      flags: "--schedule <name>",
      argChoices: ["linear", "cosine", "constant"],
    });
    expect(find("--no-dropout").description).toMatch(/^do not apply the dropout/);
    expect(find("--fold").description).toMatch(/^fold of --split-file/);
    expect(
      options.filter(({ description }) => /\b[a-z]+[A-Z]/.test(description.replace(/\(.*/, ""))),
    ).toEqual([]);
    expect(options.every(({ description }) => description.length > 10)).toBe(true);
  });

  it("give numbers, names and switches", () => {
    expect(
      parse("--epochs", "5", "--learning-rate", "3e-4", "--schedule", "constant", "--no-dropout"),
    ).toEqual({
      epochs: 5,
      learningRate: 3e-4,
      schedule: "constant",
      dropout: false,
    });
  });

  it("say of a switch that is on by default what was given, and nothing where nothing was", () => {
    expect(parse()).toEqual({});
    expect(parse("--no-thresholds", "--baseline")).toEqual({ thresholds: false, baseline: true });
  });

  it("give lists, and values of several kinds", () => {
    expect(parse("--positive-weight", "3.5", "--split-by-text")).toMatchObject({
      positiveWeight: 3.5,
      splitByText: true,
    });
    expect(parse("--positive-weight", "counts")).toMatchObject({ positiveWeight: "counts" });
    expect(parse("--positive-weight", "toxic=2, a=b=30")).toMatchObject({
      positiveWeight: { toxic: 2, "a=b": 30 },
    });
    const inspect = addFlags(new Command("inspect"), inspectionOptions);
    expect(inspect.parse(["--max-lengths", "64, 128"], { from: "user" }).opts()).toEqual({
      maxLengths: [64, 128],
    });
  });

  it("leave what is not given to the schema", () => {
    const given = takeFlags(trainingOptions, {
      ...parse("--seed", "7"),
      model: "x",
      text: undefined,
      epochs: undefined,
    });
    expect(trainingOptions.parse(given)).toEqual(trainingOptions.parse({ seed: 7 }));
    expect(given).not.toHaveProperty("model");
  });

  it.each([
    ["--epochs", "many"],
    ["--epochs", ""],
    ["--epochs", " "],
    ["--learning-rate", "1,5"],
    ["--precision", "fp16"],
    ["--positive-weight", "toxic=much"],
  ])("refuse %s %o", (...args) => {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ code: "commander.invalidArgument" }));
  });

  it("suggest the right name for a misspelt one", () => {
    expect(() => parse("--batchsize", "3")).toThrow(/Did you mean --batch-size/);
  });
});

describe("a count", () => {
  it("is a whole number from 0", () => {
    expect(["0", "12"].map(parseCount)).toEqual([0, 12]);
    for (const text of ["-1", "1.5", "x", "", "1e3"]) expect(() => parseCount(text)).toThrow("whole number");
  });
});

describe("label columns", () => {
  it("are separated by commas, with or without blanks", () => {
    const { labels } = addDataFlags(new Command()).parse(["--labels", "a, b ,c"], { from: "user" }).opts();
    expect(labels).toEqual(["a", "b", "c"]);
  });
});
