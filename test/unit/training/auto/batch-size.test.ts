import { expect, it } from "vitest";
import { decideBatchSize } from "../../../../src/training/auto/batch-size.js";

it("the usual batch stays where it makes enough steps", () => {
  expect(decideBatchSize(6400, 4)).toBeNull();
  expect(decideBatchSize(100_000, 1)).toBeNull();
});

it("fewer rows are dealt into smaller batches, the largest with which the steps are enough", () => {
  expect(decideBatchSize(6368, 4)).toMatchObject({ option: "batchSize", value: 16 });
  expect(decideBatchSize(3200, 4)).toMatchObject({ value: 16 });
  expect(decideBatchSize(3184, 4)).toMatchObject({ value: 8 });
  expect(decideBatchSize(20, 4)).toMatchObject({ value: 8 });
});

it("the reason names the steps that the usual batch would make", () => {
  expect(decideBatchSize(1920, 4)!.reason).toMatch(/^4 epochs with 32 rows a step would be 240 steps/);
});

it("more epochs make more steps", () => {
  expect(decideBatchSize(1920, 20)).toBeNull();
});
