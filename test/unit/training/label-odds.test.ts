import { expect, it } from "vitest";
import { logOddsOf } from "../../../src/training/label-odds.js";

const nan = Number.NaN;
const data = {
  labelNames: ["a", "b"],
  labels: Float32Array.of(1, 0, 1, nan, 0, 0.5, 1, 1),
};

it("the log-odds of each label, with one more row of each kind", () => {
  const odds = logOddsOf(data, Int32Array.of(0, 1, 2), undefined);
  expect(odds[0]).toBeCloseTo(Math.log(3 / 2), 6);
  expect(odds[1]).toBeCloseTo(Math.log(1.5 / 2.5), 6);
});

it("weights of set labels shift them", () => {
  expect(logOddsOf(data, Int32Array.of(0, 1, 2), Float32Array.of(4, 1))[0]).toBeCloseTo(Math.log(6), 6);
});
