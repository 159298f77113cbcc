import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeRows, weightedFigures } from "../../../src/evaluation/figures.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { names } from "./two-labels.js";

describe("weightedFigures", () => {
  it("has the figures of evaluate on rows that are repeated or left out", () => {
    const row = fc.record({
      logits: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
      labels: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1, Number.NaN)),
      weight: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        fc.pre(rows.some(({ weight }) => weight > 0));
        const of = (chosen: typeof rows) => ({
          scores: { logits: Float32Array.from(chosen.flatMap(({ logits }) => logits)) },
          labels: Float32Array.from(chosen.flatMap(({ labels }) => labels)),
        });
        const all = of(rows);
        const weights = Uint32Array.from(rows, ({ weight }) => weight);
        const { figures, labelF1 } = weightedFigures(judgeRows(all.scores, all.labels, 2, 0.5), weights);
        const repeated = of(rows.flatMap((one) => new Array<typeof one>(one.weight).fill(one)));
        const wanted = evaluate(repeated.scores, repeated.labels, names);
        const expected = {
          microF1: wanted.micro.f1,
          macroF1: wanted.macro.f1,
          weightedF1: wanted.weighted.f1,
          samplesF1: wanted.samples.f1,
          subsetAccuracy: wanted.subsetAccuracy,
          hammingLoss: wanted.hammingLoss,
          macroRocAuc: wanted.macro.rocAuc,
          macroAveragePrecision: wanted.macro.averagePrecision,
        };
        for (const [name, value] of Object.entries(expected)) {
          const found = figures[name as keyof typeof figures];
          if (value === null) expect(found, name).toBeNull();
          else expect(found, name).toBeCloseTo(value, 12);
        }
        for (const [i, label] of wanted.labels.entries()) expect(labelF1[i]).toBeCloseTo(label.f1, 12);
      }),
    );
  });
});
