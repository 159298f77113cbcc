import { expect, it } from "vitest";
import { ratesToTry, shapeOf, usualRate } from "../../../../src/training/auto/rates.js";

it("a network's shape is read under every architecture's names", () => {
  expect(shapeOf({ hidden_size: 384, num_hidden_layers: 6 }, false)).toEqual({
    width: 384,
    depth: 6,
    isFresh: false,
  });
  expect(shapeOf({ dim: 768, n_layers: 6 }, true)).toEqual({ width: 768, depth: 6, isFresh: true });
  expect(shapeOf({ d_model: 1024, n_layer: 24 }, false)).toMatchObject({ width: 1024, depth: 24 });
  expect(shapeOf({}, false)).toMatchObject({ width: 768, depth: 12 });
});

it("wide and deep networks take lower rates, and random weights higher ones", () => {
  const base = usualRate({ width: 768, depth: 12, isFresh: false }, 32);
  expect(base).toBe(4e-5);
  expect(usualRate({ width: 1024, depth: 24, isFresh: false }, 32)).toBeLessThan(base);
  expect(usualRate({ width: 384, depth: 6, isFresh: false }, 32)).toBe(1.6e-4);
  expect(usualRate({ width: 768, depth: 12, isFresh: true }, 32)).toBeGreaterThan(base);
  expect(usualRate({ width: 32, depth: 1, isFresh: true }, 32)).toBe(1e-3);
});

it("a smaller batch, whose gradient is noisier, takes a lower rate", () => {
  const bert = { width: 768, depth: 12, isFresh: false };
  expect(usualRate(bert, 8)).toBe(2e-5);
  expect(usualRate(bert, 128)).toBe(8e-5);
});

it("the rates to try surround the usual one, each twice the one before", () => {
  expect(ratesToTry({ width: 768, depth: 12, isFresh: false }, 32)).toEqual([1e-5, 2e-5, 4e-5, 8e-5]);
});
