// Prediction in int8, and what a model whose weights were packed for prediction still does.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import type { Precision } from "../../src/native/types.js";
import { temporaryFolder } from "../parity/models.js";
import { batchOf, config, freshModel, rowsOf, start, train, training, weightsOf } from "./tiny-bert.js";

const probabilities = (logits: Float32Array) => logits.map((logit) => 1 / (1 + Math.exp(-logit)));

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("int8", () => {
  it("predicts nearly what fp32 does, and not the same", async () => {
    await using exact = await freshModel();
    await using rounded = await freshModel({ precision: "int8" });
    const [a, b] = [await exact.predict(batchOf(40)), await rounded.predict(batchOf(40))];
    expect(largestDifference(probabilities(a), probabilities(b))).toBeLessThan(0.02);
    expect(largestDifference(a, b)).toBeGreaterThan(1e-5);
  });

  it("gives a row the same scores alone and among others, bit for bit", async () => {
    await using model = await freshModel({ precision: "int8" });
    const batch = batchOf(20);
    const together = await model.predict(batch);
    for (const row of [0, 7, 19]) {
      const alone = await model.predict(rowsOf(batch, [row]));
      expect(alone).toEqual(together.slice(row * alone.length, (row + 1) * alone.length));
    }
  });

  it("is no precision to train in, nor one of a dense batch", async () => {
    await using model = await freshModel({ precision: "int8" });
    await expect(model.startTraining(training)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("train in fp32 or bf16"),
    });
    await expect(freshModel({ precision: "int8", dense: true })).rejects.toMatchObject({
      code: "INVALID_OPTION",
    });
  });
});

describe.each(["fp32", "bf16", "int8"] as const)(
  "a model that has predicted in %s",
  (precision: Precision) => {
    it("explains, saves and shows the weights that it was loaded with, and predicts the same again", async () => {
      await using source = await freshModel();
      const file = join(temporaryFolder(), "model.safetensors");
      await source.save(file);
      await using model = await freshModel({ precision, seed: 99, tensors: await readSafetensors(file) });
      const before = await model.predict(batchOf(9));
      expect(await weightsOf(model)).toEqual(await weightsOf(source));
      if (precision !== "int8") await (await start(model)).computeGradients(batchOf(3));
      expect(await model.predict(batchOf(9))).toEqual(before);
      const again = join(temporaryFolder(), "model.safetensors");
      await model.save(again);
      await using reloaded = await freshModel({ seed: 5, tensors: await readSafetensors(again) });
      expect(await weightsOf(reloaded)).toEqual(await weightsOf(source));
    });
  },
);

it.each(["fp32", "bf16"] as const)(
  "training after predictions is training without them, in %s",
  async (precision) => {
    await using straight = await freshModel({ precision });
    await using predicting = await freshModel({ precision });
    await predicting.predict(batchOf(5));
    const batches = [batchOf(8), batchOf(8, 2)];
    expect(await train(predicting, batches)).toEqual(await train(straight, batches));
    expect(await weightsOf(predicting)).toEqual(await weightsOf(straight));
    expect(config.hidden_size % 64).not.toBe(0); // parts of packed matrices begin within a panel
  },
);
