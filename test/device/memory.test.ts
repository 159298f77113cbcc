// A device whose memory is short: what is asked for is done in parts, or refused, and nothing is left half done.
import { describe, expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";
import type { NativeModelSpec } from "../../src/native/types.js";
import { batchOf, freshModel, start, weightsDifference, weightsOf } from "../native/tiny-bert.js";
import { counted, simulated } from "./simulated.js";

const rates = { layerDecay: 0.5 };

describe.skipIf(!simulated)("a step that finds no memory", () => {
  const device = simulated!;

  it.each([
    ["fp32", {}],
    ["fp32", rates],
    ["bf16", {}],
  ] as const)(
    "changes all weights or none, whichever allocation fails, in %s with %j",
    async (precision, options) => {
      const load = (changes: Partial<NativeModelSpec> = {}) =>
        freshModel({ precision, device: "cuda", ...changes });
      const settings = { dropout: false, ...options };
      await using whole = await load();
      const before = await weightsOf(whole);
      const wholeRun = await start(whole, settings);
      let expected = 0;
      const { allocations } = await counted(device, async () => {
        expected = (await wholeRun.step([batchOf(4)])).loss;
      });
      const after = await weightsOf(whole);

      const outcomes = { whole: 0, refused: 0 };
      for (let i = 0; i < allocations; i++) {
        await using model = await load();
        const run = await start(model, settings);
        device.failAllocation(i);
        const step = await run.step([batchOf(4)]).catch((error) => error);
        device.failAllocation(-1);
        const weights = await weightsOf(model);
        if (step instanceof Error) {
          expect(step).toMatchObject({ code: "OUT_OF_MEMORY" });
          expect(weightsDifference(weights, before), `allocation ${i}`).toBe(0);
          outcomes.refused++;
          continue;
        }
        expect(step.loss).toBeCloseTo(expected, 5);
        expect(weightsDifference(weights, after), `allocation ${i}`).toBeLessThan(
          precision === "bf16" ? 2e-3 : 1e-4,
        );
        outcomes.whole++;
      }
      expect(outcomes.whole).toBeGreaterThan(0);
      expect(outcomes.refused).toBeGreaterThan(0);
    },
  );
});

describe.skipIf(!simulated)("a model on the device", () => {
  const device = simulated!;

  it("holds two bytes a parameter in bf16 where it only predicts, and four in fp32", async () => {
    const config = {
      model_type: "bert",
      vocab_size: 60,
      hidden_size: 256,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      intermediate_size: 1024,
      max_position_embeddings: 40,
    };
    const spec = { config, labels: 2, tensors: [], seed: 1, threads: 1, device: "cuda" };
    for (const [precision, bytes] of [
      ["bf16", 2],
      ["fp32", 4],
    ] as const) {
      const before = device.counters().bytes;
      await using model = await NativeModel.load({ ...spec, precision });
      await model.predict(batchOf(1));
      const held = (device.counters().bytes - before) / model.info.parameters;
      expect(held).toBeGreaterThan(bytes * 0.95);
      expect(held).toBeLessThan(bytes * 1.25); // tables, norms and the head stay in fp32
    }
  });

  it("gives all of it back when it is disposed of", async () => {
    const { bytes, pinnedBytes } = device.counters();
    const model = await freshModel({ device: "cuda" });
    const run = await start(model);
    await run.step([batchOf(4)]);
    await model.predict(batchOf(4));
    await model.dispose();
    expect(device.counters()).toMatchObject({ bytes, pinnedBytes });
  });

  it("that finds the device full is refused as out of memory, and auto says so and takes the CPU", async () => {
    device.limitMemory(device.counters().bytes);
    try {
      await expect(freshModel({ device: "cuda" })).rejects.toMatchObject({
        code: "OUT_OF_MEMORY",
        message: expect.stringMatching(/cuda:0 .*is full/),
      });
      await using model = await freshModel({ device: "auto" });
      expect(model.info).toMatchObject({ device: "cpu", deviceNote: expect.stringContaining("is full") });
    } finally {
      device.limitMemory(-1);
    }
  });
});
