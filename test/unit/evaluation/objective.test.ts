// The training's loss on other rows, against the engine's own: a step tells its loss before it changes a weight.
import { describe, expect, it } from "vitest";
import { bceWithLogits } from "../../../src/evaluation/loss.js";
import { isPlainCrossEntropy, objectiveLoss } from "../../../src/evaluation/objective.js";
import type { NativeLoss } from "../../../src/native/types.js";
import type { TrainingOptions } from "../../../src/options/training.js";
import { finish, tinyDataset, tinyRun } from "../training/tiny-run.js";

const plain: NativeLoss = { positiveFocus: 0, negativeFocus: 0, margin: 0, negativeWeight: 1, smoothing: 0 };

describe("the objective", () => {
  const rows = { ...tinyDataset(40), weights: Float32Array.from({ length: 40 }, (_, row) => (row % 5) / 2) };
  rows.labels[7] = Number.NaN;
  rows.labels[10] = 0.3;

  it.each<[string, TrainingOptions, boolean]>([
    ["cross-entropy", {}, false],
    ["weights of rows", {}, true],
    ["label smoothing", { labelSmoothing: 0.2 }, false],
    ["positive weights", { positiveWeight: { money: 3, access: 0.5 } }, true],
    ["counted positive weights", { positiveWeight: "counts", labelSmoothing: 0.1 }, false],
    ["focal loss", { loss: "focal", focalGamma: 1.5, focalAlpha: 0.3 }, false],
    ["asymmetric loss", { loss: "asymmetric", asymmetricPositiveGamma: 1, labelSmoothing: 0.1 }, true],
  ])("with %s is what a step over the same rows says, without dropout", async (_, options, weighted) => {
    const { weights, ...bare } = rows;
    const train = weighted ? rows : bare;
    const still = { learningRate: 1e-12, weightDecay: 0, dropout: false, epochs: 1, batchSize: 40 };
    const { epochs } = await finish(tinyRun({ ...still, ...options, train, validation: train }));
    const { trainingLoss, objective, validation } = epochs[0]!;
    expect(objective).toBeCloseTo(trainingLoss, 5);
    const isPlain = Object.keys(options).length === 0 && !weighted;
    if (isPlain) expect(objective).toBeCloseTo(validation!.loss!, 12);
    else expect(Math.abs(objective! - validation!.loss!)).toBeGreaterThan(1e-4);
  });

  it("stays finite for logits of any size, and is null without a label", () => {
    const focal = { ...plain, positiveFocus: 0.5, negativeFocus: 0.5, margin: 0.05 };
    for (const loss of [plain, focal]) {
      const value = objectiveLoss(Float32Array.of(1000, -1000), Float32Array.of(1, 0), 1, { loss });
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1e-3);
      expect(objectiveLoss(Float32Array.of(5), Float32Array.of(Number.NaN), 1, { loss })).toBeNull();
    }
    const wrong = [Float32Array.of(1000, -1000), Float32Array.of(0, 1)] as const;
    expect(objectiveLoss(...wrong, 1, { loss: plain })).toBe(bceWithLogits(...wrong));
  });

  it("is plain cross-entropy only without weights and smoothing", () => {
    expect(isPlainCrossEntropy({ loss: plain })).toBe(true);
    expect(isPlainCrossEntropy({ loss: plain, rowWeights: Float32Array.of(1, 1) })).toBe(true);
    expect(isPlainCrossEntropy({ loss: plain, rowWeights: Float32Array.of(1, 2) })).toBe(false);
    expect(isPlainCrossEntropy({ loss: { ...plain, smoothing: 0.1 } })).toBe(false);
    expect(isPlainCrossEntropy({ loss: { ...plain, positiveWeights: Float32Array.of(1, 2) } })).toBe(false);
  });
});
