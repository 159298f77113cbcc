import { expect, it } from "vitest";
import { bestFirst } from "../../../../src/training/auto/judge.js";
import type { Trial } from "../../../../src/training/auto/search-record.js";

const trial = (learningRate: number, ...parts: ([number, number] | null)[]): Trial => ({
  learningRate,
  parts: parts.map((part) => part && { loss: part[0], averagePrecision: part[1] }),
  log: [],
});
const order = (trials: Trial[], part = 0) => bestFirst(trials, part).map(({ learningRate }) => learningRate);

it("the best trial has the smallest loss and orders rows best", () => {
  expect(order([trial(1, [0.4, 0.3]), trial(2, [0.3, 0.5]), trial(4, [0.35, 0.4])])).toEqual([2, 4, 1]);
});

it("between a smaller loss and a better order the loss decides", () => {
  expect(order([trial(1, [0.3, 0.4]), trial(2, [0.31, 0.5])])).toEqual([1, 2]);
});

it("the lower of two equal rates comes first, and one without finite loss last", () => {
  expect(order([trial(4, null), trial(2, [0.3, 0.4]), trial(1, [0.3, 0.4])])).toEqual([1, 2, 4]);
});

it("a rate that fell apart after its first part is judged by its second", () => {
  const fast = trial(5e-4, [0.2, 0.6], [0.47, 0.4]);
  const steady = trial(2e-4, [0.25, 0.55], [0.18, 0.65]);
  expect(order([steady, fast])[0]).toBe(5e-4);
  expect(order([steady, fast, trial(1, [0.1, 0.9])], 1)).toEqual([2e-4, 5e-4]);
});
