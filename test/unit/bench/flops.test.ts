import { expect, it } from "vitest";
import { workloadFlops } from "../../../scripts/bench/flops.mjs";

const base = { layers: 12, hidden: 768, intermediate: 3072 };

it("counts BERT-base's 173.6 MFLOP per token at 100 tokens: 24 L d^2 + 4 L d s", () => {
  const perToken = workloadFlops(base, [100, 100], "predict") / 200;
  expect(perToken).toBe(24 * 12 * 768 ** 2 + 4 * 12 * 768 * 100);
  expect(perToken / 1e6).toBeCloseTo(173.6, 1);
});

it("counts a training step as three forward passes", () => {
  expect(workloadFlops(base, [7, 30], "train")).toBe(3 * workloadFlops(base, [7, 30], "predict"));
});

it("adds up over rows: no row attends to another, and none is padded", () => {
  const alone = [1, 12, 100].map((length) => workloadFlops(base, [length], "predict"));
  expect(workloadFlops(base, [1, 12, 100], "predict")).toBeCloseTo(
    alone.reduce((a, b) => a + b),
    -3,
  );
});
