import { describe, expect, it } from "vitest";
import { suspectedLabelErrors } from "../../../src/evaluation/label-errors.js";
import { sigmoid } from "../../../src/evaluation/loss.js";
import { mistakesByLabel } from "../../../src/evaluation/mistakes.js";
import { generator } from "../../../src/random.js";

const of = (...values: number[]) => Float32Array.from(values);

describe("suspectedLabelErrors", () => {
  it("suspects the elements off the diagonal of the confident joint", () => {
    // Yes: 0.9, 0.8, 0.1, mean 0.6. No: 0.1, 0.2, 0.7, mean of "no" 2/3. Row 2 is a confident no, row 5 a confident yes.
    const probabilities = of(0.9, 0.8, 0.1, 0.1, 0.2, 0.7);
    const found = suspectedLabelErrors({ probabilities }, of(1, 1, 1, 0, 0, 0), ["a"], 10);
    expect(found).toEqual([
      { row: 2, label: "a", probability: Math.fround(0.1), truth: 1 },
      { row: 5, label: "a", probability: Math.fround(0.7), truth: 0 },
    ]);
    expect(suspectedLabelErrors({ probabilities }, of(1, 1, 1, 0, 0, 0), ["a"], 1)).toHaveLength(1);
  });

  it("finds labels that were flipped, of several labels, and none where an answer or a label is missing", () => {
    const random = generator(1, "flips");
    const truth = Float32Array.from({ length: 2000 }, () => Number(random.float() < 0.3));
    const logits = truth.map((set) => 6 * (set - 0.5) + 3 * (random.float() - 0.5));
    const flipped = new Set([11, 500, 501, 1302, 1999]);
    const labels = truth.map((set, i) => (flipped.has(i) ? 1 - set : set));
    const found = suspectedLabelErrors({ logits }, labels, ["a", "b"], 100);
    // Some of the flipped ones are answers that the model is not sure of, as it is not of half of the true ones.
    const places = found.map(({ row, label }) => 2 * row + Number(label === "b"));
    expect(places.filter((place) => !flipped.has(place))).toEqual([]);
    expect(places.length).toBeGreaterThanOrEqual(3);
    const onlyYes = labels.map((_, i) => (i % 2 === 0 ? 1 : Number.NaN));
    expect(suspectedLabelErrors({ logits }, onlyYes, ["a", "b"], 100)).toEqual([]);
  });
});

describe("mistakesByLabel", () => {
  it("lists what was wrongly given and what was missed, the surest first", () => {
    const logits = of(2, -1, 3, 1, -3, 2, -1, -2);
    const labels = of(0, 1, 0, 1, 1, 0, 1, Number.NaN);
    const p = sigmoid(logits);
    expect(mistakesByLabel({ logits }, labels, ["a", "b"], 5)).toEqual([
      {
        name: "a",
        falsePositives: [
          { row: 1, label: "a", probability: p[2], truth: 0 },
          { row: 0, label: "a", probability: p[0], truth: 0 },
        ],
        falseNegatives: [
          { row: 2, label: "a", probability: p[4], truth: 1 },
          { row: 3, label: "a", probability: p[6], truth: 1 },
        ],
      },
      {
        name: "b",
        falsePositives: [{ row: 2, label: "b", probability: p[5], truth: 0 }],
        falseNegatives: [{ row: 0, label: "b", probability: p[1], truth: 1 }],
      },
    ]);
    expect(mistakesByLabel({ logits }, labels, ["a", "b"], 1)[0]!.falsePositives).toHaveLength(1);
  });
});
