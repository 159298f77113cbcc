import { describe, expect, it } from "vitest";
import {
  configurations,
  keyOf,
  readOptions,
  remainingSeconds,
  schedule,
} from "../../../scripts/bench/plan.mjs";

describe("readOptions", () => {
  it("measures everything with nine pairs by default", () => {
    expect(readOptions([], 2)).toEqual({
      help: false,
      quick: false,
      pairs: 9,
      models: ["minilm", "base"],
      works: ["train", "predict"],
      threads: 2,
    });
  });

  it("takes the small model and three pairs for --quick, unless told otherwise", () => {
    expect(readOptions(["--quick"], 2)).toMatchObject({ pairs: 3, models: ["minilm"] });
    expect(readOptions(["--quick", "--pairs", "1", "--model=base", "--work=predict"], 2)).toMatchObject({
      pairs: 1,
      models: ["base"],
      works: ["predict"],
    });
  });

  it.each([
    [["--pairs", "0"], "--pairs is 0; expected a whole number"],
    [["--pairs", "2.5"], "--pairs is 2.5"],
    [["--threads="], "--threads is ;"],
    [["--model", "large"], "--model is large; expected minilm or base"],
    [["--model", "toString"], "--model is toString"],
    [["--work", "serve"], "--work is serve; expected train or predict"],
    [["--fast"], "--fast"],
    [["base"], "base"],
  ])("refuses %j", (parameters, message) => {
    expect(() => readOptions(parameters, 2)).toThrow(message);
  });
});

describe("schedule", () => {
  const order = schedule({ pairs: 4, models: ["minilm", "base"], works: ["train", "predict"] });
  const keys = order.map(keyOf);
  const round = 2 * 2 * configurations.length;

  it("takes every configuration of every model and work once a round", () => {
    expect(keys).toHaveLength(4 * round);
    for (let pair = 0; pair < 4; pair++) {
      expect(new Set(keys.slice(pair * round, (pair + 1) * round)).size).toBe(round);
    }
  });

  it("runs every other round backwards", () => {
    expect(keys.slice(round, 2 * round)).toEqual(keys.slice(0, round).reverse());
    expect(keys.slice(2 * round)).toEqual(keys.slice(0, 2 * round));
  });
});

describe("remainingSeconds", () => {
  const order = schedule({ pairs: 2, models: ["minilm"], works: ["train"] });

  it("is unknown until everything was taken once", () => {
    expect(remainingSeconds(order, new Map())).toBeUndefined();
    const known = new Map(order.slice(0, configurations.length - 1).map((sample) => [keyOf(sample), 1]));
    expect(remainingSeconds(order, known)).toBeUndefined();
  });

  it("adds up the last duration of what is left", () => {
    const known = new Map(order.map((sample, i) => [keyOf(sample), i]));
    const left = order.slice(-2);
    expect(remainingSeconds(left, known)).toBe(known.get(keyOf(left[0]!))! + known.get(keyOf(left[1]!))!);
    expect(remainingSeconds([], known)).toBe(0);
  });
});
