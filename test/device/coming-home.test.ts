// What is written from a device loads everywhere, and a device that is full meanwhile takes nothing from the model.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import { batchOf, freshModel, start } from "../native/tiny-bert.js";
import { temporaryFolder } from "../parity/models.js";
import { simulated } from "./simulated.js";

describe.skipIf(!simulated)("a model on a full device", () => {
  const device = simulated!;

  it("is saved and exported, and goes on", async () => {
    await using model = await freshModel({ device: "cuda" });
    const run = await start(model, { dropout: false });
    const { loss } = await run.step([batchOf(4)]);
    const logits = await model.predict(batchOf(4));
    const folder = temporaryFolder();
    device.limitMemory(device.counters().bytes);
    try {
      await model.save(join(folder, "model.safetensors"));
      await model.exportTorchScript(join(folder, "model.pt"));
    } finally {
      device.limitMemory(-1);
    }
    expect(await model.predict(batchOf(4))).toEqual(logits);
    expect((await run.step([batchOf(4)])).loss).toBeLessThan(loss + 1);
    const tensors = await readSafetensors(join(folder, "model.safetensors"));
    await using again = await freshModel({ tensors, seed: 9, device: "cuda" });
    expect(await again.predict(batchOf(4))).toEqual(logits);
  });

  it("a step with too little memory is computed in parts, with the same loss", async () => {
    const settings = { dropout: false };
    await using whole = await freshModel({ device: "cuda" });
    const wholeRun = await start(whole, settings);
    const held = device.counters().bytes;
    device.resetPeak();
    const expected = await wholeRun.step([batchOf(64)]);
    const needed = device.counters().peakBytes - held;
    await using model = await freshModel({ device: "cuda" });
    const run = await start(model, settings);
    device.limitMemory(device.counters().bytes + 0.6 * needed);
    try {
      const step = await run.step([batchOf(64)]);
      expect(step.parts).toBeGreaterThan(1);
      expect(step.loss).toBeCloseTo(expected.loss, 5);
      expect(step.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 4);
    } finally {
      device.limitMemory(-1);
    }
  });
});

describe.skipIf(!simulated)("a device that breaks", () => {
  it("ends its models and no other, at whatever kernel of a step", async () => {
    const device = simulated!;
    await using other = await freshModel({ device: "cpu" });
    for (const kernel of [0, 10, 50, 100, 150]) {
      const model = await freshModel({ device: "cuda" });
      const run = await start(model);
      device.failKernel(kernel);
      await expect(run.step([batchOf(4)])).rejects.toMatchObject({ code: "DEVICE_FAILED" });
      await expect(model.predict(batchOf(4))).rejects.toMatchObject({ code: "DEVICE_FAILED" });
      device.repair();
      await model.dispose();
      expect(await other.predict(batchOf(2))).toHaveLength(6);
    }
  });
});
