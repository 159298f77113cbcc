import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { worstMistakes } from "../../../src/evaluation/mistakes.js";

const of = (...values: number[]) => Float32Array.from(values);
const names = ["a", "b"];

describe("worstMistakes", () => {
  // Wrong by 0.75 (and 0.6), right, wrong by 0.9 at b, wrong by 0.75, wrong only where it is not labelled.
  const probabilities = of(0.75, 0.4, 0.9, 0.1, 0.2, 0.1, 0.1, 0.75, 0.9, 0.1);
  const labels = of(0, 1, 1, 0, 0, 1, 0, 0, Number.NaN, 0);

  it("ranks the rows by their furthest wrong label, earlier rows first among equals", () => {
    expect(worstMistakes({ probabilities }, labels, names, 10)).toEqual([
      { row: 2, label: "b", probability: Math.fround(0.1), truth: 1 },
      { row: 0, label: "a", probability: 0.75, truth: 0 },
      { row: 3, label: "b", probability: 0.75, truth: 0 },
    ]);
  });

  it("returns no more than asked for", () => {
    expect(worstMistakes({ probabilities }, labels, names, 1).map(({ row }) => row)).toEqual([2]);
    expect(worstMistakes({ probabilities }, labels, names, 0)).toEqual([]);
    expect(worstMistakes({ logits: of() }, of(), names, 5)).toEqual([]);
  });

  it("calls a mistake what the thresholds decide wrongly", () => {
    expect(worstMistakes({ probabilities: of(0.8, 0.3) }, of(0, 0), names, 5, [0.9, 0.2])).toEqual([
      { row: 0, label: "b", probability: Math.fround(0.3), truth: 0 },
    ]);
  });

  it("finds every wrong row once, in falling order", () => {
    const element = fc.record({
      logit: fc.integer({ min: -90, max: 90 }).map((tenths) => tenths / 10),
      truth: fc.constantFrom(0, 1),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(element, element), { maxLength: 30 }), (rows) => {
        const flat = rows.flat();
        const found = worstMistakes(
          { logits: of(...flat.map(({ logit }) => logit)) },
          of(...flat.map(({ truth }) => truth)),
          names,
          Infinity,
        );
        const wrong = ({ logit, truth }: (typeof flat)[number]) => logit > 0 !== (truth === 1);
        expect(found.map(({ row }) => row).sort((a, b) => a - b)).toEqual(
          [...rows.keys()].filter((row) => rows[row]!.some(wrong)),
        );
        const distances = found.map(({ probability, truth }) => Math.abs(probability - truth));
        expect(distances).toEqual([...distances].sort((a, b) => b - a));
      }),
    );
  });
});
