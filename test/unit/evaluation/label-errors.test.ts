import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { suspectedLabelErrors } from "../../../src/evaluation/label-errors.js";
import { sigmoid } from "../../../src/evaluation/loss.js";
import { mistakesByLabel } from "../../../src/evaluation/mistakes.js";

const of = (...values: number[]) => Float32Array.from(values);

describe("suspectedLabelErrors", () => {
  /** Two labels, the second rarer and less well known; some are flipped. */
  function task(rows: number, seed: number) {
    const random = generator(seed, "flips");
    const truth = Float32Array.from({ length: 2 * rows }, (_, i) =>
      Number(random.float() < (i % 2 ? 0.1 : 0.3)),
    );
    const logits = truth.map((set, i) => (i % 2 ? 5 : 7) * (set - 0.5) + 3 * (random.float() - 0.5));
    const flipped = new Set(Array.from(truth.keys()).filter(() => random.float() < 0.02));
    const labels = truth.map((set, i) => (flipped.has(i) ? 1 - set : set));
    return { logits, labels, flipped };
  }

  it("finds labels that were given wrongly and labels that are missing, the surest first, and says how many", () => {
    const { logits, labels, flipped } = task(1500, 1);
    const { suspects, expectedWrong, expectedWrongOfAll } = suspectedLabelErrors(
      { logits },
      labels,
      ["a", "b"],
      flipped.size,
    );
    const places = suspects.map(({ row, label }) => 2 * row + Number(label === "b"));
    const right = places.filter((place) => flipped.has(place));
    expect(right.length).toBeGreaterThan(0.8 * flipped.size);
    expect(new Set(right.map((place) => labels[place]))).toEqual(new Set([0, 1]));
    expect(Math.abs(expectedWrong - right.length)).toBeLessThan(0.35 * flipped.size);
    expect(expectedWrongOfAll).toBeGreaterThanOrEqual(expectedWrong);
    const chances = suspects.map(({ wrongChance }) => wrongChance);
    expect(chances).toEqual([...chances].sort((a, b) => b - a));
    expect(chances[0]).toBeLessThanOrEqual(1);
  });

  it("leaves out what is not labelled, and labels that are all alike", () => {
    const { logits, labels } = task(300, 2);
    const onlyYes = labels.map((_, i) => (i % 2 === 0 ? 1 : Number.NaN));
    expect(suspectedLabelErrors({ logits }, onlyYes, ["a", "b"], 100)).toEqual({
      suspects: [],
      expectedWrong: 0,
      expectedWrongOfAll: 0,
    });
    const half = labels.map((label, i) => (i % 4 < 2 ? Number.NaN : label));
    const { suspects } = suspectedLabelErrors({ logits }, half, ["a", "b"], 1000);
    expect(suspects.every(({ row }) => row % 2 === 1)).toBe(true);
  });

  it("suspects labels by which a model that is too sure, or not sure enough, orders its rows alike", () => {
    const { logits, labels } = task(800, 3);
    const rowsOf = (values: Float32Array) =>
      suspectedLabelErrors({ logits: values }, labels, ["a", "b"], 30).suspects.map(
        ({ row, label }) => `${row} ${label}`,
      );
    expect(rowsOf(logits.map((logit) => logit / 2 - 1))).toEqual(rowsOf(logits));
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
