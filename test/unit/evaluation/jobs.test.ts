import { expect, it } from "vitest";
import { jobs } from "../../../src/evaluation/jobs.js";
import { evaluate } from "../../../src/evaluation/metrics.js";

const names = ["a", "b"];
const logits = Float32Array.of(2, -1, 0.5, 3, -2, 1, 1.5, -0.5, 0.25, -3);
const labels = Float32Array.of(1, 0, 0, 1, 0, 1, 1, 1, 0, 0);
const objective = {
  loss: { positiveFocus: 0, negativeFocus: 0, margin: 0, negativeWeight: 1, smoothing: 0 },
};

it("judges the rows without each part, to which they are dealt in turn", () => {
  const { metrics, withoutParts } = jobs.measure(logits, labels, names, objective, 2);
  expect(metrics).toEqual(evaluate({ logits }, labels, names));
  const rows = (wanted: readonly number[], values: Float32Array) =>
    Float32Array.from(wanted.flatMap((row) => [...values.subarray(2 * row, 2 * row + 2)]));
  const of = (wanted: readonly number[]) =>
    evaluate({ logits: rows(wanted, logits) }, rows(wanted, labels), names);
  expect(withoutParts).toEqual([of([1, 3]), of([0, 2, 4])]);
});

it("judges no parts where none are asked for", () => {
  expect(jobs.measure(logits, labels, names, objective).withoutParts).toEqual([]);
});
