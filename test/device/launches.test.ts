// How many kernels a GPU is given: each costs the CPU some microseconds, whatever its size, and that is what small batches
// are bound by. docs/cuda.md holds the figures.
import { describe, expect, it } from "vitest";
import { smallBert } from "../fixtures/bert.mjs";
import { batchOf, freshModel, start } from "../native/tiny-bert.js";
import { counted, simulated } from "./simulated.js";

/** BERT-base's layers and heads; their number does not matter here. */
const config = { ...smallBert, hidden_size: 128, num_attention_heads: 2, num_hidden_layers: 12 };

describe.skipIf(!simulated)("BERT of twelve layers", () => {
  it.each([
    ["fp32", { predict: 216, step: 625 }],
    ["bf16", { predict: 218, step: 631 }],
  ] as const)("launches no more kernels in %s than the documentation says", async (precision, most) => {
    await using model = await freshModel({ config, precision });
    const predict = await counted(simulated!, () => model.predict(batchOf(4)));
    const run = await start(model);
    await run.step([batchOf(4)]);
    const step = await counted(simulated!, () => run.step([batchOf(4)]));
    expect(predict.kernels).toBeLessThanOrEqual(most.predict);
    expect(step.kernels).toBeLessThanOrEqual(most.step);
  });
});
