import { expect, it } from "vitest";
import { workloadFlops } from "../../../scripts/bench/flops.mjs";

const shape = { layers: 12, hidden: 768, intermediate: 3072 };
const bert = { type: "bert", shape } as const;
const xlnet = { type: "xlnet", shape } as const;

it("counts BERT-base's 173.6 MFLOP per token at 100 tokens: 24 L d^2 + 4 L d s", () => {
  const perToken = workloadFlops(bert, [100, 100], "predict") / 200;
  expect(perToken).toBe(24 * 12 * 768 ** 2 + 4 * 12 * 768 * 100);
  expect(perToken / 1e6).toBeCloseTo(173.6, 1);
});

it("counts XLNet's comparisons of places, 2 s more for each token and layer", () => {
  const difference = workloadFlops(xlnet, [100], "predict") - workloadFlops(bert, [100], "predict");
  expect(difference).toBe(100 * 12 * 2 * 768 * 2 * 100);
});

it("counts a training step as three forward passes, and a first prediction as one", () => {
  const forward = workloadFlops(bert, [7, 30], "predict");
  expect(workloadFlops(bert, [7, 30], "train")).toBe(3 * forward);
  expect(workloadFlops(bert, [7, 30], "start")).toBe(forward);
});

it("adds up over rows: no row attends to another, and none is padded", () => {
  const alone = [1, 12, 100].map((length) => workloadFlops(bert, [length], "predict"));
  expect(workloadFlops(bert, [1, 12, 100], "predict")).toBeCloseTo(
    alone.reduce((a, b) => a + b),
    -3,
  );
});
