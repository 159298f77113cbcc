import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { surestExamples } from "../../../src/evaluation/examples.js";
import { worstMistakes } from "../../../src/evaluation/mistakes.js";

const of = (...values: number[]) => Float32Array.from(values);
const names = ["a", "b"];

describe("surestExamples", () => {
  // Right: rows 0, 1, 2 and 5 (whose b is not labelled); wrong: 3; without labels: 4.
  const probabilities = of(0.75, 0.25, 0.875, 0.75, 0.25, 0.625, 0.75, 0.75, 0.25, 0.25, 0.625, 0.875);
  const labels = of(1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, Number.NaN);

  it("asks each label in its turn for the row that it is surest of", () => {
    expect(surestExamples({ probabilities }, labels, names, 10)).toEqual([
      {
        row: 1,
        labels: [
          { name: "a", probability: 0.875 },
          { name: "b", probability: 0.75 },
        ],
      },
      { row: 2, labels: [{ name: "b", probability: 0.625 }] },
      { row: 0, labels: [{ name: "a", probability: 0.75 }] },
      { row: 5, labels: [{ name: "a", probability: 0.625 }] },
    ]);
    expect(surestExamples({ probabilities }, labels, names, 1).map(({ row }) => row)).toEqual([1]);
    expect(surestExamples({ probabilities }, labels, names, 0)).toEqual([]);
  });

  it("calls right what the thresholds decide rightly", () => {
    expect(surestExamples({ probabilities }, labels, names, 9, 0.9).map(({ row }) => row)).toEqual([]);
    expect(surestExamples({ probabilities: of(0.8, 0.3) }, of(1, 1), names, 5, [0.7, 0.2])).toHaveLength(1);
  });

  it("finds every row with labels that is no mistake, once", () => {
    const element = fc.record({ logit: fc.integer({ min: -9, max: 9 }), truth: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(fc.array(fc.tuple(element, element), { maxLength: 30 }), (rows) => {
        const flat = rows.flat();
        const scores = { logits: of(...flat.map(({ logit }) => logit)) };
        const truth = of(...flat.map(({ truth }) => truth));
        const wrong = worstMistakes(scores, truth, names, Infinity).map(({ row }) => row);
        const found = surestExamples(scores, truth, names, Infinity).map(({ row }) => row);
        const labelled = [...rows.keys()].filter((row) => rows[row]!.some(({ truth }) => truth === 1));
        expect(found.sort((a, b) => a - b)).toEqual(labelled.filter((row) => !wrong.includes(row)));
      }),
    );
  });
});
