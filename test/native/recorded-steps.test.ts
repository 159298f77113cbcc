// Steps that are recorded for each shape of batch and replayed: they train as steps that are not.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NativeModelSpec, NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { largestDifference, temporaryFolder } from "../parity/models.js";
import { devices } from "./devices.js";
import { batchOf, freshModel, start, takeSteps, train, weightsDifference, weightsOf } from "./tiny-bert.js";

/** Each shape comes four times, so that its step is computed, recorded, and replayed twice. */
const batches: LabelledBatch[] = [1, 2, 3, 4].flatMap((seed) => [batchOf(6, seed), batchOf(3, seed)]);

it("there is no experiment of another name", async () => {
  await expect(freshModel({ experiments: ["graphs", "speed"] })).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringContaining('"speed"'),
  });
});

it("experiments do nothing to the CPU's kernels", async () => {
  await using plain = await freshModel({ device: "cpu" });
  await using model = await freshModel({
    device: "cpu",
    experiments: ["flash", "graphs", "tf32", "deterministic"],
  });
  expect(model.info.deviceNote).toBe("");
  expect(await train(model, batches)).toEqual(await train(plain, batches));
});

describe.each(devices)("on $name", ({ absence, spec }) => {
  const onDevice = it.skipIf(absence !== null);
  const recorded = (changes: Partial<NativeModelSpec> = {}) =>
    freshModel({ ...spec, experiments: ["graphs"], ...changes });
  const unrecorded = (changes: Partial<NativeModelSpec> = {}) => freshModel({ ...spec, ...changes });

  onDevice("a model says that it records", async () => {
    await using model = await recorded();
    expect(model.info.deviceNote).toBe("experimental: graphs");
  });

  onDevice.each<[string, LabelledBatch[], Partial<NativeTrainingOptions>]>([
    ["a falling learning rate", batches, { schedule: "linear", totalSteps: 9, warmupSteps: 2 }],
    [
      "weights of rows",
      batches.map((batch) => ({
        ...batch,
        weights: batch.labels.slice(0, batch.offsets.length - 1).fill(0.5),
      })),
      {},
    ],
    ["frozen parameters", batches, { freezeEmbeddings: true }],
    ["clipping", batches, { maxGradientNorm: 0.05 }],
    ["segment ids", batches.map((batch) => ({ ...batch, types: batch.ids.map((id) => id % 2) })), {}],
    ["what cannot be recorded", batches, { epsilonBeforeCorrection: true, epsilon: 1e-3 }],
  ])("trains with %s as without recordings", async (_, rows, options) => {
    await using ours = await recorded();
    await using plain = await unrecorded();
    const settings = { dropout: false, epsilon: 1e-4, ...options };
    const losses = [await train(ours, rows, settings), await train(plain, rows, settings)];
    expect(largestDifference(losses[0]!, losses[1]!)).toBeLessThan(1e-5);
    expect(weightsDifference(await weightsOf(ours), await weightsOf(plain))).toBeLessThan(2e-5);
  });

  onDevice("two runs of one seed are the same bit for bit, dropout included", async () => {
    const runs = [];
    for (let run = 0; run < 2; run++) {
      await using model = await recorded();
      runs.push({ losses: await train(model, batches), weights: await weightsOf(model) });
    }
    expect(runs[1]).toEqual(runs[0]);
    await using other = await recorded();
    expect(await train(other, batches, { seed: 2 })).not.toEqual(runs[0]!.losses);
  });

  onDevice("each replay draws other dropout", async () => {
    await using model = await recorded();
    // Without a learning rate only dropout can change the loss of one batch.
    const same = Array.from({ length: 6 }, () => batchOf(6));
    const losses = await train(model, same, { learningRate: 0, weightDecay: 0 });
    expect(new Set(losses).size).toBe(losses.length);
  });

  onDevice("a replay that overflows changes no weight, and the next step counts from it", async () => {
    await using model = await recorded();
    const run = await start(model, { dropout: false, learningRate: 1e30, maxGradientNorm: 0 });
    const batch = batchOf(8);
    expect(await run.step([batch])).toMatchObject({ step: 1, applied: true });
    const before = await weightsOf(model);
    for (let i = 0; i < 3; i++) {
      expect(await run.step([batch])).toMatchObject({ step: 2, applied: false });
    }
    expect(await weightsOf(model)).toEqual(before);
  });

  onDevice("goes on after the model was exported, which moves its weights", async () => {
    await using ours = await recorded();
    await using plain = await unrecorded();
    const settings = { dropout: false, epsilon: 1e-4 };
    const same = Array.from({ length: 3 }, () => batchOf(4));
    for (const model of [ours, plain]) {
      const run = await start(model, settings);
      await takeSteps(run, same);
      if (model === ours) await model.exportTorchScript(join(temporaryFolder(), "model.pt"));
      await takeSteps(run, same);
      await train(model, same, settings);
    }
    expect(weightsDifference(await weightsOf(ours), await weightsOf(plain))).toBeLessThan(5e-5);
  });
});
