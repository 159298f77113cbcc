// The formulas themselves are held to PyTorch's by test/parity/recipes.test.ts.
import { describe, expect, it } from "vitest";
import { parseOptions } from "../../../src/base/parse-options.js";
import type { Dataset } from "../../../src/data/dataset.js";
import { type TrainingOptions, trainingOptions } from "../../../src/options/training.js";
import { lossOf } from "../../../src/training/loss.js";
import { errorOf } from "./tiny-run.js";

const nan = Number.NaN;
const dataset: Dataset = {
  source: "t",
  texts: ["", "", "", "", ""],
  labelNames: ["often", "soft", "never", "always"],
  labels: Float32Array.from([
    ...[1, 0.5, 0, 1],
    ...[1, 0.25, 0, 1],
    ...[nan, 0.25, 0, 1],
    ...[0, nan, nan, 1],
    ...[0, 1, 1, 0], // left out below
  ]),
};
const rows = Int32Array.of(0, 1, 2, 3);
const weightsOf = (options: TrainingOptions) =>
  lossOf(parseOptions(trainingOptions, options), dataset, rows).positiveWeights;

describe("weights of set labels", () => {
  it("are absent unless asked for", () => {
    expect(weightsOf({})).toBeUndefined();
  });

  it("are the negatives for each positive of the training rows, soft ones in parts, missing ones left out", () => {
    expect(weightsOf({ positiveWeight: "counts" })).toEqual(Float32Array.of(1 / 2, 2, 1, 1 / 4));
    expect(weightsOf({ positiveWeight: "rootCounts" })).toEqual(
      Float32Array.of(Math.sqrt(1 / 2), Math.sqrt(2), 1, 1 / 2),
    );
  });

  it("are given as one number, or by name", () => {
    expect(weightsOf({ positiveWeight: 3 })).toEqual(Float32Array.of(3, 3, 3, 3));
    expect(weightsOf({ positiveWeight: { never: 2, soft: 5 } })).toEqual(Float32Array.of(1, 5, 2, 1));
  });

  it("carry the alpha of focal loss", () => {
    const loss = lossOf(
      parseOptions(trainingOptions, { loss: "focal", focalAlpha: 0.25, positiveWeight: { soft: 2 } }),
      dataset,
      rows,
    );
    expect(loss).toMatchObject({
      negativeWeight: 0.75,
      positiveWeights: Float32Array.of(0.25, 0.5, 0.25, 0.25),
    });
  });

  it("of an unknown label are refused, with the nearest name", async () => {
    const error = await errorOf(() => weightsOf({ positiveWeight: { newer: 2 } }));
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    expect(error.message).toContain('did you mean "never"');
  });
});
