// Hierarchical precision, recall and F1 against scikit-learn over completed sets of labels.
import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { type HierarchicalMetrics, hierarchicalMetrics } from "../../src/evaluation/hierarchy.js";
import { runPython } from "./python.js";

interface Case {
  readonly truth: number[][];
  readonly decisions: number[][];
  readonly parents: number[];
}

function randomCase(seed: number): Case {
  const random = generator(seed, "hierarchy");
  const labels = 1 + random.below(9);
  const order = Array.from({ length: labels }, (_, i) => i).sort(() => random.float() - 0.5);
  // Each label is below one that comes earlier in a random order, or below none.
  const parents = new Array<number>(labels).fill(-1);
  for (const [place, label] of order.entries())
    if (place > 0 && random.float() < 0.7) parents[label] = order[random.below(place)]!;
  const rows = random.below(30);
  const matrix = () =>
    Array.from({ length: rows + 1 }, () => parents.map(() => Number(random.float() < 0.3)));
  return { truth: matrix(), decisions: matrix(), parents };
}

it("has scikit-learn's figures", () => {
  const cases = Array.from({ length: 300 }, (_, seed) => randomCase(seed));
  const theirs = runPython("hierarchy.py", cases) as HierarchicalMetrics[];
  for (const [i, { truth, decisions, parents }] of cases.entries()) {
    const ours = hierarchicalMetrics(
      Float32Array.from(truth.flat()),
      Uint8Array.from(decisions.flat()),
      parents,
    );
    for (const figure of ["precision", "recall", "f1"] as const)
      expect(ours[figure], `${figure} of case ${i}`).toBeCloseTo(theirs[i]![figure], 12);
  }
});
