import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toFixedHalfEven } from "../../src/evaluation/text-report.js";
import { compareMetrics } from "./metrics-cases.js";
import { runPython } from "./python.js";

// test/long compares thousands.
describe("metrics against scikit-learn", () => compareMetrics(150, 7));

describe("toFixedHalfEven against Python", () => {
  it("prints every number alike, ties included", () => {
    const digits = fc.integer({ min: 0, max: 16 });
    const eighths = fc.integer({ min: 0, max: 2 ** 12 }).map((n) => n / 2 ** 12);
    const decimals = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000);
    const value = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), eighths, decimals);
    const ties = Array.from({ length: 16 }, (_, n) => [n / 16, 0, 1, 2, 3] as const).flatMap(([v, ...d]) =>
      d.map((places) => [v, places] as [number, number]),
    );
    const pairs = [...ties, ...fc.sample(fc.tuple(value, digits), { numRuns: 20_000, seed: 11 })];
    const theirs = runPython("format.py", pairs) as string[];
    expect(pairs.map(([v, places]) => toFixedHalfEven(v, places))).toEqual(theirs);
  });
});
