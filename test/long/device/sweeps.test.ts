// Every way in which a device can let a step down, one after the other: how much memory there is, the kernel at which it
// fails, the moment at which the step is given up. On the simulated device; npm test tries some of each.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import type { NativeModelSpec } from "../../../src/native/types.js";
import { counted, simulated } from "../../device/simulated.js";
import { batchOf, freshModel, start, weightsDifference, weightsOf } from "../../native/tiny-bert.js";

const variants: [string, Partial<NativeModelSpec>][] = [
  ["fp32", {}],
  ["bf16", { precision: "bf16" }],
  ["fp32, recorded", { experiments: ["graphs"] }],
  ["bf16, packed", { precision: "bf16", experiments: ["flash"] }],
];

describe.each(variants)("a step in %s", (_, changes) => {
  const device = simulated!;
  const load = () =>
    freshModel({ device: "cuda", ...changes }).then((model) => {
      expect(model.info.device).toBe("cuda:0");
      return model;
    });
  const settings = { dropout: false };
  const bound = changes.precision === "bf16" ? 0.02 : 1e-4;

  it("is whole, in parts where memory is short, or changes nothing, whatever memory there is", async () => {
    await using whole = await load();
    const before = await weightsOf(whole);
    const run = await start(whole, settings);
    device.resetPeak();
    const held = device.counters().bytes;
    const { loss } = await run.step([batchOf(64)]);
    const needed = device.counters().peakBytes - held;
    const outcomes = new Set<string>();
    for (let share = 0.025; share <= 1.05; share += 0.025) {
      await using model = await load();
      const limited = await start(model, settings);
      device.limitMemory(device.counters().bytes + share * needed);
      const step = await limited.step([batchOf(64)]).catch((error) => error);
      device.limitMemory(-1);
      if (step instanceof Error) {
        expect(step).toMatchObject({ code: "OUT_OF_MEMORY" });
        expect(weightsDifference(await weightsOf(model), before), `share ${share}`).toBe(0);
      } else {
        expect(Math.abs(step.loss - loss), `share ${share}`).toBeLessThan(bound);
      }
      outcomes.add(step instanceof Error ? "refused" : step.parts > 1 ? "in parts" : "whole");
    }
    expect([...outcomes].sort()).toEqual(["in parts", "refused", "whole"]);
  });

  it("ends its model at whatever kernel the device fails, and nothing else", async () => {
    await using other = await freshModel({ device: "cpu" });
    const expected = await other.predict(batchOf(2));
    await using counting = await load();
    const run = await start(counting, settings);
    const { kernels } = await counted(device, () => run.step([batchOf(4)]));
    for (let kernel = 0; kernel < kernels; kernel++) {
      const model = await load();
      const failing = await start(model, settings);
      device.failKernel(kernel);
      await expect(failing.step([batchOf(4)]), `kernel ${kernel}`).rejects.toMatchObject({
        code: "DEVICE_FAILED",
      });
      await expect(model.predict(batchOf(4))).rejects.toMatchObject({ code: "DEVICE_FAILED" });
      device.repair();
      await model.dispose();
    }
    expect(await other.predict(batchOf(2))).toEqual(expected);
  });

  it("that is given up at any moment leaves the training as it was", async () => {
    const batches = Array.from({ length: 20 }, (_, i) => batchOf(8, i));
    await using undisturbed = await load();
    const calm = await start(undisturbed);
    const expected: number[] = [];
    const started = performance.now();
    for (const batch of batches) expected.push((await calm.step([batch])).loss);
    const duration = (performance.now() - started) / batches.length;

    await using model = await load();
    const run = await start(model);
    const random = generator(3, "aborts");
    const losses: number[] = [];
    let stopped = 0;
    while (losses.length < batches.length) {
      const controller = new AbortController();
      const step = run.step([batches[losses.length]!], { signal: controller.signal });
      const ending = step.then(
        ({ loss }) => losses.push(loss),
        (error) => {
          expect(error).toBe(controller.signal.reason);
          stopped++;
        },
      );
      // Later and later, so that each step gets done.
      await sleep((duration * random.below(100) * (1 + stopped / 20)) / 100);
      controller.abort(new Error("enough"));
      await ending;
    }
    expect(losses).toEqual(expected);
  });
});
