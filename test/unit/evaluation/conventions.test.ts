import { describe, expect, it } from "vitest";
import { describeConvention } from "../../../src/evaluation/conventions.js";
import { evaluate } from "../../../src/evaluation/metrics.js";

const NaN_ = Number.NaN;

describe("the conventions of an evaluation", () => {
  it("are none where every figure is defined", () => {
    const { conventions } = evaluate(
      { probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8) },
      Float32Array.of(1, 0, 0, 1),
      ["a", "b"],
    );
    expect(conventions).toEqual([]);
  });

  it("say of each figure for how many labels and rows it is not defined, and what it counts as", () => {
    // a: set and given; b: never given; c: never set, never given; d: not labelled at all.
    const { conventions, labels } = evaluate(
      { probabilities: Float32Array.of(0.9, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1) },
      Float32Array.of(1, 0, 0, NaN_, 0, 1, 0, NaN_, 0, 0, 0, NaN_),
      ["a", "b", "c", "d"],
    );
    expect(labels[2]).toMatchObject({ precision: 0, recall: 0, f1: 0, rocAuc: null });
    const sentences = conventions.map(describeConvention);
    expect(sentences).toEqual([
      "precision of 2 of 3 labels (never given) counts as 0 by convention: b, c",
      "recall of 1 of 3 labels (without a positive) counts as 0 by convention: c",
      "F1 of 1 of 3 labels (neither given nor set) counts as 0 by convention: c",
      "Jaccard of 1 of 3 labels (neither given nor set) counts as 0 by convention: c",
      "ROC AUC of 1 of 3 labels (all positive or all negative) is not defined and left out of averages: c",
      "average precision of 1 of 3 labels (without a positive) is not defined and left out of averages: c",
      "precision of 2 of 3 rows (without a given label) counts as 0 by convention",
      "recall of 1 of 3 rows (without a true label) counts as 0 by convention",
      "F1 of 1 of 3 rows (without a true or a given label) counts as 0 by convention",
      "Jaccard of 1 of 3 rows (without a true or a given label) counts as 0 by convention",
      "ROC AUC of 1 of 3 rows (all labels alike) is not defined and left out of averages",
      "average precision of 1 of 3 rows (without a true label) is not defined and left out of averages",
      "LRAP of 1 of 3 rows (without a true label) counts as 1 by convention",
      "coverage error of 1 of 3 rows (without a true label) counts as 0 by convention",
      "ranking loss of 1 of 3 rows (all labels alike) counts as 0 by convention",
    ]);
  });

  it("name ten labels at most", () => {
    const names = Array.from({ length: 40 }, (_, i) => `label ${i}`);
    const { conventions } = evaluate({ probabilities: new Float32Array(40) }, new Float32Array(40), names);
    const [precision] = conventions;
    expect(precision).toMatchObject({ figure: "precision", of: "labels", value: 0, count: 40, total: 40 });
    expect(precision!.labels).toEqual(names.slice(0, 10));
    expect(describeConvention(precision!)).toMatch(/label 9, \.\.\.$/);
  });
});
