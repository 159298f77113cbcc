import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { calibrate, reliabilityBins } from "../../../src/evaluation/calibration.js";
import { curvePoints, thresholdPoints } from "../../../src/evaluation/curves.js";
import { cutsOf } from "../../../src/evaluation/cuts.js";
import { evaluationDetails } from "../../../src/evaluation/details.js";
import { sigmoid } from "../../../src/evaluation/loss.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { countPairs } from "../../../src/evaluation/pairs.js";

const NaN_ = Number.NaN;
const of = (...values: number[]) => Float32Array.from(values);

describe("reliabilityBins", () => {
  it("puts an edge into the bin below it, as scikit-learn does", () => {
    const bins = reliabilityBins(of(0, 0.1, 0.5, 0.55, 1), of(0, 1, 1, 0, 1));
    expect(bins.map(({ count }) => count)).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 1]);
    expect(bins[4]).toEqual({ from: 0.4, to: 0.5, count: 1, meanProbability: 0.5, positiveShare: 1 });
    expect(bins[2]).toMatchObject({ count: 0, meanProbability: null, positiveShare: null });
  });

  it("leaves out what is not labelled", () => {
    expect(calibrate(of(0.2, 0.9), of(0, NaN_))).toEqual({
      brierScore: Math.fround(0.2) ** 2,
      calibrationError: Math.fround(0.2),
      chanceCalibrationError: expect.closeTo(2 * 0.2 * 0.8, 7),
    });
    expect(calibrate(of(0.2), of(NaN_))).toEqual({
      brierScore: null,
      calibrationError: null,
      chanceCalibrationError: null,
    });
  });
});

describe("curvePoints", () => {
  it("goes through every cut of a small ranking", () => {
    const points = curvePoints(cutsOf(of(0.9, 0.8, 0.7, 0.1), of(1, 0, 1, 0)));
    expect(points.map(({ precision }) => precision)).toEqual([1, 1, 1 / 2, 2 / 3, 1 / 2]);
    expect(points.map(({ recall }) => recall)).toEqual([0, 1 / 2, 1 / 2, 1, 1]);
    expect(points.map(({ falsePositiveRate }) => falsePositiveRate)).toEqual([0, 0, 1 / 2, 1 / 2, 1]);
    expect(points[0]!.score).toBeGreaterThan(1);
  });

  it("draws a long ranking with few points that enclose nearly the same area", () => {
    const random = generator(1, "curve");
    const truth = Float32Array.from({ length: 20_000 }, () => Number(random.float() < 0.1));
    const scores = truth.map((set) => 0.3 * set + 0.7 * random.float());
    const points = curvePoints(cutsOf(scores, truth));
    expect(points.length).toBeLessThan(1000);
    expect(points.at(-1)).toMatchObject({ recall: 1, falsePositiveRate: 1 });
    let area = 0;
    for (const [i, { recall, falsePositiveRate }] of points.entries()) {
      const before = points[i - 1] ?? points[0]!;
      area += ((recall + before.recall) / 2) * (falsePositiveRate - before.falsePositiveRate);
    }
    const { rocAuc } = evaluate({ probabilities: scores }, truth, ["a"]).macro;
    expect(area).toBeCloseTo(rocAuc!, 2);
  });
});

describe("thresholdPoints", () => {
  it("has the figures of evaluate at every threshold", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1, NaN_));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 0, max: 100 }), (rows, step) => {
        const all = [...rows, [10, 1] as const];
        const probabilities = of(...all.map(([score]) => score / 20));
        const labels = of(...all.map(([, label]) => label));
        const { precision, recall, f1 } = evaluate({ probabilities }, labels, ["a"], step / 100).micro;
        const point = thresholdPoints(cutsOf(probabilities, labels))[step];
        expect(point).toEqual({ threshold: step / 100, precision, recall, f1 });
      }),
    );
  });
});

describe("countPairs", () => {
  it("counts what is set, given and mistaken together, where both are labelled", () => {
    const truth = of(1, 1, 0, 1, 0, 0, 1, NaN_, 0);
    const decisions = Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 1, 1);
    expect(countPairs(truth, decisions, ["a", "b", "c"])).toEqual({
      labels: ["a", "b", "c"],
      together: [
        [3, 1, 0],
        [1, 1, 0],
        [0, 0, 0],
      ],
      givenTogether: [
        [1, 1, 0],
        [1, 2, 1],
        [0, 1, 2],
      ],
      mistakenFor: [
        [0, 1, 2],
        [0, 0, 0],
        [0, 0, 0],
      ],
    });
  });

  it("shows the most frequent labels of many", () => {
    const names = Array.from({ length: 60 }, (_, i) => `label ${i}`);
    const truth = Float32Array.from(names, (_, i) => Number(i >= 5));
    const { labels, together } = countPairs(truth, new Uint8Array(60), names);
    expect(labels).toEqual(names.slice(5, 55));
    expect(together).toHaveLength(50);
  });
});

describe("evaluationDetails", () => {
  it("has everything a page shows, as plain JSON", () => {
    const logits = of(2, -1, 1, 0.5, -2, -3, 1, 1);
    const labels = of(1, 0, 0, 1, 0, NaN_, 1, 1);
    const details = evaluationDetails({ logits }, labels, ["a", "b"], [0.5, 0.3]);
    expect(JSON.parse(JSON.stringify(details))).toEqual(details);
    expect(details.metrics).toEqual(evaluate({ logits }, labels, ["a", "b"], [0.5, 0.3]));
    expect(details.labels.map(({ name, threshold }) => [name, threshold])).toEqual([
      ["a", 0.5],
      ["b", 0.3],
    ]);
    const total = details.micro.reliability.reduce((sum, { count }) => sum + count, 0);
    expect(total).toBe(details.metrics.labelled);
    const b = sigmoid(of(-1, 0.5, 1));
    expect(details.labels[1]!.curve.map(({ score }) => score).slice(1)).toEqual([b[2], b[1], b[0]]);
    expect(details.pairs.together).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });
});
