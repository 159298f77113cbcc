import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import type { Scores, Thresholds } from "../../../src/evaluation/scores.js";

const NaN_ = Number.NaN;
const of = (...values: number[]) => Float32Array.from(values);

describe("evaluate", () => {
  it("computes a case that was worked out by hand", () => {
    // Rows: a hit, a false alarm beside a miss, nothing to find.
    const probabilities = of(0.9, 0.1, 0.8, 0.4, 0.2, 0.3);
    const result = evaluate({ probabilities }, of(1, 0, 0, 1, 0, 0), ["a", "b"]);
    expect(result).toMatchObject({
      rows: 3,
      labelled: 6,
      loss: null,
      subsetAccuracy: 2 / 3,
      hammingLoss: 2 / 6,
      brierScore: expect.closeTo((0.1 ** 2 + 0.1 ** 2 + 0.8 ** 2 + 0.6 ** 2 + 0.2 ** 2 + 0.3 ** 2) / 6, 7),
      calibrationError: expect.closeTo((2 * (0.85 - 0.5) + 0.1 + 0.6 + 0.2 + 0.3) / 6, 7), // 0.9 and 0.8 share a bin
      labelRankingAveragePrecision: (1 + 1 / 2 + 1) / 3,
      coverageError: (1 + 2 + 0) / 3,
      labelRankingLoss: 1 / 3,
      micro: { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, jaccard: 1 / 3, rocAuc: 7 / 8 },
      macro: { precision: 1 / 4, recall: 1 / 2, f1: 1 / 3, jaccard: 1 / 4, rocAuc: 1, averagePrecision: 1 },
      weighted: { precision: 1 / 4, recall: 1 / 2, f1: 1 / 3, jaccard: 1 / 4 },
      samples: { precision: 1 / 3, recall: 1 / 3, f1: 1 / 3, jaccard: 1 / 3, rocAuc: 1 / 2 },
    });
    expect(result.micro.averagePrecision).toBeCloseTo((1 + 2 / 3) / 2, 14);
    expect(result.labels).toEqual([
      {
        name: "a",
        support: 1,
        truePositives: 1,
        falsePositives: 1,
        falseNegatives: 0,
        trueNegatives: 1,
        precision: 1 / 2,
        recall: 1,
        f1: 2 / 3,
        jaccard: 1 / 2,
        rocAuc: 1,
        averagePrecision: 1,
        brierScore: expect.closeTo((0.1 ** 2 + 0.8 ** 2 + 0.2 ** 2) / 3, 7),
        calibrationError: expect.closeTo((2 * (0.85 - 0.5) + 0.2) / 3, 7),
        // Two elements of 0.85 are 1.7, 0.7 or 0.3 from their mean; one of 0.2 is 0.8 or 0.2 from its.
        chanceCalibrationError: expect.closeTo(
          (0.15 ** 2 * 1.7 + 2 * 0.85 * 0.15 * 0.7 + 0.85 ** 2 * 0.3 + 2 * 0.2 * 0.8) / 3,
          7,
        ),
      },
      {
        name: "b",
        support: 1,
        truePositives: 0,
        falsePositives: 0,
        falseNegatives: 1,
        trueNegatives: 2,
        precision: 0,
        recall: 0,
        f1: 0,
        jaccard: 0,
        rocAuc: 1,
        averagePrecision: 1,
        brierScore: expect.closeTo((0.1 ** 2 + 0.6 ** 2 + 0.3 ** 2) / 3, 7),
        calibrationError: expect.closeTo((0.1 + 0.6 + 0.3) / 3, 7),
        chanceCalibrationError: expect.closeTo((2 * 0.1 * 0.9 + 2 * 0.4 * 0.6 + 2 * 0.3 * 0.7) / 3, 7),
      },
    ]);
  });

  it("sets a label strictly above its threshold, compared in single precision", () => {
    const decided = (probability: number, thresholds: Thresholds) =>
      evaluate({ probabilities: of(probability) }, of(1), ["a"], thresholds).micro.recall;
    expect(decided(0.5, 0.5)).toBe(0);
    expect(decided(0.6, 0.6)).toBe(0);
    expect(decided(0.60001, [0.6])).toBe(1);
    expect(decided(1, 1)).toBe(0);
    expect(decided(0.001, 0)).toBe(1);
  });

  it("leaves out missing labels, rows without labels and labels without rows", () => {
    const probabilities = of(0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1, 0.9, 0.9);
    const labels = of(1, NaN_, NaN_, NaN_, NaN_, NaN_, 0, 0, NaN_);
    const result = evaluate({ probabilities }, labels, ["a", "b", "never"]);
    expect(result).toMatchObject({ rows: 2, labelled: 3, subsetAccuracy: 1 / 2, hammingLoss: 1 / 3 });
    expect(result.macro).toMatchObject({ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
    expect(result.samples).toMatchObject({ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
    expect(result.labels[2]).toMatchObject({ name: "never", support: 0, f1: 0, rocAuc: null });
    expect(result.labels[1]).toMatchObject({ falsePositives: 1, trueNegatives: 0, averagePrecision: null });
    expect(result.macro.rocAuc).toBe(1);
  });

  it("counts a soft label as set above one half, and keeps it soft in the loss", () => {
    const result = evaluate({ logits: of(3, 3, 3) }, of(0.51, 0.5, 0.2), ["a"]);
    expect(result.labels[0]).toMatchObject({ support: 1, truePositives: 1, falsePositives: 2 });
    expect(result.loss).not.toBe(evaluate({ logits: of(3, 3, 3) }, of(1, 0, 0), ["a"]).loss);
  });

  it("ranks by logits where probabilities are all 1", () => {
    const logits = of(30, 20, 40);
    expect(evaluate({ logits }, of(1, 0, 1), ["a"]).macro.rocAuc).toBe(1);
    expect(evaluate({ probabilities: of(1, 1, 1) }, of(1, 0, 1), ["a"]).macro.rocAuc).toBe(0.5);
  });

  it("does not depend on the order of rows and survives JSON", () => {
    const row = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0, 1, NaN_));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 50 }), (rows) => {
        const all = [...rows, [0, 1] as const];
        const result = (order: readonly (readonly [number, number])[]) =>
          evaluate({ logits: of(...order.map(([l]) => l)) }, of(...order.map(([, y]) => y)), ["a"]);
        const forward = result(all);
        expect(JSON.parse(JSON.stringify(forward))).toEqual(forward);
        expectClose(result([...all].reverse()), forward);
      }),
    );
  });
});

describe("evaluate refuses", () => {
  const failure = (scores: Scores, labels: Float32Array, names: string[], thresholds?: Thresholds) => {
    try {
      evaluate(scores, labels, names, thresholds);
    } catch (error) {
      if (error instanceof TagformerError) return `${error.code} ${error.message}`;
    }
    return "nothing was thrown";
  };
  const two = { probabilities: of(0.1, 0.2) };

  it("sizes that do not fit", () => {
    expect(failure(two, of(1), ["a"])).toMatch(
      /^INVALID_DATA found 2 scores and 1 label values for 1 labels/,
    );
    expect(failure({ logits: of(1, 2, 3) }, of(1, 0, 1), ["a", "b"])).toMatch(/^INVALID_DATA/);
    expect(failure({ logits: of() }, of(), [])).toMatch(/^INVALID_DATA/);
  });

  it("data without a label", () => {
    expect(failure(two, of(NaN_, NaN_), ["a"])).toBe(
      "INVALID_DATA nothing to evaluate: none of the 2 rows has a label",
    );
    expect(failure({ logits: of() }, of(), ["a"])).toMatch(/^INVALID_DATA nothing to evaluate/);
  });

  it("scores that are not finite, with row and label", () => {
    const logits = of(1, 2, 3, NaN_);
    expect(failure({ logits }, of(1, 0, 1, NaN_), ["a", "b"])).toMatch(/^NOT_FINITE .*"b" of row 2 is NaN/);
    expect(failure({ logits: of(Infinity) }, of(1), ["a"])).toMatch(/^NOT_FINITE/);
  });

  it("thresholds that do not fit", () => {
    expect(failure(two, of(1, 0), ["a", "b"], [0.5])).toMatch(
      /^INVALID_OPTION thresholds: found 1 for 2 labels/,
    );
    for (const bad of [-0.1, 1.1, NaN_]) {
      expect(failure(two, of(1, 0), ["a"], bad)).toMatch(/^INVALID_OPTION thresholds: found/);
    }
  });
});

/** Equal but for the last digits, in which sums in another order differ. */
function expectClose(found: unknown, wanted: unknown): void {
  if (typeof wanted === "number") expect(found).toBeCloseTo(wanted, 12);
  else if (typeof wanted !== "object" || wanted === null) expect(found).toBe(wanted);
  else
    for (const [name, value] of Object.entries(wanted))
      expectClose((found as Record<string, unknown>)[name], value);
}
