import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { median, pairedRatio } from "../../../scripts/bench/statistics.mjs";

const seconds = fc.double({ min: 0.01, max: 1000, noNaN: true });

describe("median", () => {
  it("is the middle of an odd number, and between the middle two of an even one", () => {
    expect(median([10, 9, 100])).toBe(10); // as numbers, not as text
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("leaves its input as it was, and refuses an empty one", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(() => median([])).toThrow("no median");
  });

  it("has as many values below as above", () => {
    fc.assert(
      fc.property(fc.array(seconds, { minLength: 1 }), (values) => {
        const middle = median(values);
        const half = values.length / 2;
        expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(half);
        expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(half);
      }),
    );
  });
});

describe("pairedRatio", () => {
  it("compares within pairs, so that a slow spell of the machine cancels out", () => {
    const ratio = pairedRatio([2, 200, 2], [1, 100, 1]);
    expect(ratio).toEqual({ median: 2, low: 2, high: 2 });
  });

  it("spreads the interval over what the pairs disagree about", () => {
    const {
      low,
      median: middle,
      high,
    } = pairedRatio([1, 2, 3, 4, 5, 6, 7, 8, 9], Array(9).fill(1), seeded());
    expect(middle).toBe(5);
    // The exact bootstrap distribution of this median has 0.7 % at 1 and 2 together, and 3.3 % more at 3.
    expect(low).toBeGreaterThanOrEqual(2);
    expect(low).toBeLessThanOrEqual(3);
    expect(high).toBeGreaterThanOrEqual(7);
    expect(high).toBeLessThanOrEqual(8);
  });

  it("keeps the interval around the median and within the ratios", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(seconds, seconds), { minLength: 1, maxLength: 9 }), (pairs) => {
        const [theirs, ours] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const ratios = pairs.map(([a, b]) => a / b);
        const { low, median: middle, high } = pairedRatio(theirs, ours, seeded());
        expect(Math.min(...ratios)).toBeLessThanOrEqual(low);
        expect(low).toBeLessThanOrEqual(middle);
        expect(middle).toBeLessThanOrEqual(high);
        expect(high).toBeLessThanOrEqual(Math.max(...ratios));
      }),
      { numRuns: 20 },
    );
  });

  it("refuses samples that are not pairs", () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow("2 samples against 1");
  });
});

/** A small linear congruential generator: the same resamples in every run. */
function seeded(): () => number {
  let state = 1;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
