import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutsOf } from "../../../src/evaluation/cuts.js";
import * as ranking from "../../../src/evaluation/ranking.js";
import { rowMetrics } from "../../../src/evaluation/row-metrics.js";

const of = (...values: number[]) => Float32Array.from(values);
const rank = (scores: Float32Array, truth: Float32Array) => ranking.rank(cutsOf(scores, truth));
const rankLabels = (scores: Float32Array, truth: Float32Array) => {
  const row = rowMetrics(scores, truth, new Uint8Array(scores.length), scores.length);
  return {
    labelRankingAveragePrecision: row.labelRankingAveragePrecision[0],
    coverageError: row.coverageError[0],
    labelRankingLoss: row.labelRankingLoss[0],
  };
};

describe("rank", () => {
  it("computes a case that was worked out by hand", () => {
    // Ranked: 1 0 1 0. Three of the four pairs are in order; precision 1 at the first positive, 2/3 at the second.
    expect(rank(of(0.9, 0.8, 0.7, 0.1), of(1, 0, 1, 0))).toEqual({
      rocAuc: 3 / 4,
      averagePrecision: (1 + 2 / 3) / 2,
    });
  });

  it("takes equal scores as one step, whatever their order", () => {
    expect(rank(of(5, 5, 5, 5), of(1, 0, 0, 0))).toEqual({ rocAuc: 0.5, averagePrecision: 0.25 });
    expect(rank(of(5, 5, 5, 5), of(0, 0, 0, 1))).toEqual({ rocAuc: 0.5, averagePrecision: 0.25 });
  });

  it("has no number where there is none", () => {
    expect(rank(of(1, 2), of(0, 0))).toEqual({ rocAuc: null, averagePrecision: null });
    expect(rank(of(1, 2), of(1, 1))).toEqual({ rocAuc: null, averagePrecision: 1 });
    expect(rank(of(1, 2), of(Number.NaN, Number.NaN))).toEqual({ rocAuc: null, averagePrecision: null });
    expect(rank(of(), of())).toEqual({ rocAuc: null, averagePrecision: null });
  });

  it("is the share of concordant pairs", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 1, Number.NaN));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const positives = rows.filter(([, y]) => y === 1);
        const negatives = rows.filter(([, y]) => y === 0);
        const pairs = positives.flatMap(([p]) => negatives.map(([n]) => (Math.sign(p - n) + 1) / 2));
        const wanted = pairs.length === 0 ? null : pairs.reduce((a, b) => a + b) / pairs.length;
        expect(rank(of(...rows.map(([s]) => s)), of(...rows.map(([, y]) => y))).rocAuc).toBe(wanted);
      }),
    );
  });
});

describe("rankLabels", () => {
  it("computes a row that was worked out by hand", () => {
    // Ranked: 1 0 1 0. Of the top one, one is true; of the top three, two; one pair of four is in the wrong order.
    expect(rankLabels(of(0.9, 0.8, 0.7, 0.1), of(1, 0, 1, 0))).toEqual({
      labelRankingAveragePrecision: (1 + 2 / 3) / 2,
      coverageError: 3,
      labelRankingLoss: 1 / 4,
    });
  });

  it("ranks rows of any width as their cuts do", () => {
    const element = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.constantFrom(0, 0, 1, Number.NaN));
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 80 }), (elements) => {
        const scores = of(...elements.map(([score]) => score));
        const truth = of(...elements.map(([, set]) => set));
        const row = rowMetrics(scores, truth, new Uint8Array(scores.length), scores.length);
        fc.pre(row.rows === 1);
        const { rocAuc, averagePrecision } = rank(scores, truth);
        expect(row.rocAuc[0]).toBe(rocAuc ?? Number.NaN);
        expect(row.averagePrecision[0]).toBe(averagePrecision ?? Number.NaN);
      }),
    );
  });

  it("counts ties against the ranking", () => {
    expect(rankLabels(of(5, 5, 5), of(1, 0, 0))).toEqual({
      labelRankingAveragePrecision: 1 / 3,
      coverageError: 3,
      labelRankingLoss: 1,
    });
  });

  it("has scikit-learn's figures for rows without true or without other labels", () => {
    const nothing = { labelRankingAveragePrecision: 1, coverageError: 0, labelRankingLoss: 0 };
    expect(rankLabels(of(1, 2), of(0, 0))).toEqual(nothing);
    expect(rankLabels(of(1, 2), of(1, 1))).toEqual({ ...nothing, coverageError: 2 });
  });
});
