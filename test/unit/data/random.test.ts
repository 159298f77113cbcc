import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator, xoshiro128 } from "../../../src/base/random.js";

describe("xoshiro128", () => {
  it("draws the published sequence", () => {
    // The sequence of the state 1, 2, 3, 4, computed with the authors' C code.
    const next = xoshiro128(Uint32Array.of(1, 2, 3, 4));
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(expected.map(() => next())).toEqual(expected);
  });
});

describe("generator", () => {
  it("depends on seed and purpose and nothing else", () => {
    const draws = (seed: number, purpose: string) => {
      const random = generator(seed, purpose);
      return Array.from({ length: 4 }, () => random.below(2 ** 32));
    };
    expect(draws(1, "epoch 1")).toEqual(draws(1, "epoch 1"));
    const streams = [
      draws(1, "epoch 1"),
      draws(1, "epoch 2"),
      draws(2, "epoch 1"),
      draws(2 ** 40 + 1, "epoch 1"),
    ];
    expect(new Set(streams.flat()).size).toBe(16);
  });

  it("draws every number below the limit equally often", () => {
    const random = generator(3, "test");
    const counts = new Int32Array(6);
    for (let i = 0; i < 60_000; i++) counts[random.below(6)]!++;
    // Five standard deviations of a binomial count.
    for (const count of counts)
      expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt((60_000 * 5) / 36));
  });

  it("has no modulo bias at limits that do not divide 2^32", () => {
    // With a plain remainder, the lower half of 3 * 2^30 would be drawn twice as often as the rest: 1/2 and not 1/3.
    const random = generator(4, "test");
    const limit = 3 * 2 ** 30;
    let low = 0;
    for (let i = 0; i < 30_000; i++) if (random.below(limit) < 2 ** 30) low++;
    expect(low / 30_000).toBeCloseTo(1 / 3, 1);
  });

  it("draws floats in [0, 1) with the mean of a uniform distribution", () => {
    const random = generator(5, "test");
    const values = Array.from({ length: 20_000 }, () => random.float());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value) / values.length).toBeCloseTo(0.5, 1);
  });

  it("shuffles in place without losing a value", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (values, seed) => {
        const array = Int32Array.from(values);
        expect(generator(seed, "test").shuffle(array)).toBe(array);
        expect([...array].sort()).toEqual([...Int32Array.from(values)].sort());
      }),
    );
  });

  it("shuffles into every order equally often", () => {
    const random = generator(6, "test");
    const counts = new Map<string, number>();
    for (let i = 0; i < 6_000; i++) {
      const order = random.shuffle([0, 1, 2]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
