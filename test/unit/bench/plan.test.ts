import { describe, expect, it } from "vitest";
import { contestants } from "../../../scripts/bench/contestants.mjs";
import { keyOf, readOptions, remainingSeconds, schedule } from "../../../scripts/bench/plan.mjs";
import { models, tasksOf, works } from "../../../scripts/bench/protocol.mjs";

const everyModel = Object.keys(models) as (keyof typeof models)[];
const everyTask = tasksOf(everyModel, works);

describe("readOptions", () => {
  it("measures the two large models with nine pairs by default", () => {
    expect(readOptions([], 2)).toEqual({
      help: false,
      write: false,
      quick: false,
      pairs: 9,
      models: ["base", "xlnet"],
      works: [...works],
      threads: 2,
    });
  });

  it("takes the small model and three pairs for --quick, unless told otherwise", () => {
    expect(readOptions(["--quick"], 2)).toMatchObject({ pairs: 3, models: ["minilm"] });
    expect(readOptions(["--quick", "--pairs", "1", "--model=base", "--only=predict"], 2)).toMatchObject({
      pairs: 1,
      models: ["base"],
      works: ["predict"],
    });
  });

  it("takes lists, each name once and in its own order", () => {
    expect(readOptions(["--only", "start,train,start", "--model", "minilm,base"], 2)).toMatchObject({
      models: ["base", "minilm"],
      works: ["train", "start"],
    });
  });

  it("measures servers when told, and not otherwise", () => {
    expect(readOptions(["--only", "serve"], 2).works).toEqual(["serve"]);
    expect(readOptions(["--only", "serve,train"], 2).works).toEqual(["train", "serve"]);
    expect(readOptions([], 2).works).not.toContain("serve");
  });

  it.each([
    [["--pairs", "0"], "--pairs is 0; expected a whole number"],
    [["--pairs", "2.5"], "--pairs is 2.5"],
    [["--threads="], "--threads is ;"],
    [["--model", "base,large"], '--model has "large"; expected base, xlnet, minilm'],
    [["--model", "toString"], '--model has "toString"'],
    [["--only", "teach"], '--only has "teach"; expected train, full'],
    [["--only="], '--only has ""'],
    [["--fast"], "--fast"],
    [["base"], "base"],
  ])("refuses %j", (parameters, message) => {
    expect(() => readOptions(parameters, 2)).toThrow(message);
  });
});

describe("the protocol", () => {
  it("has contestants that exist, on both sides of every task", () => {
    for (const task of everyTask) {
      const sides = task.contestants.map((key) => contestants[key]?.side);
      expect(sides, keyOf(task, "")).toContain("ours");
      expect(sides).toContain("theirs");
      expect(sides).not.toContain(undefined);
    }
  });

  it("has nobody read another format into which the model was not converted", () => {
    for (const { model, contestants: keys } of everyTask) {
      if (models[model].isConverted) continue;
      for (const key of keys) expect(contestants[key]!.program).toMatch(/^(ours\.mjs|theirs\.py)$/);
    }
  });

  it("leaves out what a model has no part in", () => {
    expect(tasksOf(["xlnet"], works).map(({ name }) => name)).toEqual(["train", "predict"]);
    expect(tasksOf(["minilm"], ["full"])).toEqual([]);
  });
});

describe("schedule", () => {
  const contestants = ["a", "b", "c"];

  it("takes every contestant once a round, and runs every other round backwards", () => {
    expect(schedule({ contestants }, 3)).toEqual(["a", "b", "c", "c", "b", "a", "a", "b", "c"]);
  });

  it("takes no more pairs than a task wants", () => {
    expect(schedule({ contestants, mostPairs: 1 }, 3)).toEqual(contestants);
    expect(schedule({ contestants, mostPairs: 9 }, 1)).toEqual(contestants);
  });
});

describe("remainingSeconds", () => {
  it("is unknown until one was taken", () => {
    expect(remainingSeconds(["a"], new Map())).toBeNaN();
  });

  it("adds up the last duration of what is left, and the mean for what is new", () => {
    const known = new Map([
      ["a", 1],
      ["b", 3],
    ]);
    expect(remainingSeconds(["a", "a", "b", "new"], known)).toBe(1 + 1 + 3 + 2);
    expect(remainingSeconds([], known)).toBe(0);
  });
});
