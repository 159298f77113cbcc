import { expect, it } from "vitest";
import { lengthOf, stepsOfEpoch } from "../../../src/training/length.js";

it("a run has whole epochs, the last of which may be a part of one", () => {
  const length = lengthOf(100, { epochs: 2.5, batchSize: 10 });
  expect(length).toEqual({ totalSteps: 25, stepsPerEpoch: 10, epochs: 3 });
  expect([1, 2, 3, 4].map((epoch) => stepsOfEpoch(length, epoch))).toEqual([10, 10, 5, 0]);
  expect(lengthOf(101, { epochs: 3, batchSize: 10 })).toEqual({
    totalSteps: 33,
    stepsPerEpoch: 11,
    epochs: 3,
  });
  expect(lengthOf(5, { epochs: 0.01, batchSize: 10 })).toEqual({
    totalSteps: 1,
    stepsPerEpoch: 1,
    epochs: 1,
  });
});
