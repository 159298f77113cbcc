// What is given up ends on the device: no more is launched than what was under way, be it by autograd's own threads.
import { describe, expect, it } from "vitest";
import type { CallOptions } from "../../src/base/cancel.js";
import { batchOf, freshModel, start } from "../native/tiny-bert.js";
import { counted, giveUpAfter, simulated } from "./simulated.js";

/** Kernels of one operation, and of what began before the flag was seen. */
const underWay = 10;
/** A call that is done before it is given up is made again. */
const tries = 20;
/** Of a call's kernels: in its forward pass, and all over the backward one. The update at the end is not given up. */
const shares = [0.05, 0.2, 0.35, 0.5, 0.6, 0.7];

describe.skipIf(!simulated)("what is given up on the device", () => {
  const device = simulated!;

  /** Gives a call up after a share of its kernels; how many more there were, or `null` where it was done before. */
  async function kernelsAfterAbort(
    call: (options: CallOptions) => Promise<unknown>,
    kernels: number,
  ): Promise<number | null> {
    const givenUp = await giveUpAfter(device, kernels, call);
    if (givenUp.error === null) return null;
    expect(givenUp.error).toBe(givenUp.reason);
    return givenUp.kernels;
  }

  it.each(["fp32", "bf16"] as const)("launches no more kernels, in %s", async (precision) => {
    await using model = await freshModel({ device: "cuda", precision });
    const run = await start(model);
    const batch = batchOf(60);
    const calls = {
      prediction: (options?: CallOptions) => model.predict(batch, options),
      step: (options?: CallOptions) => run.step([batch], options),
    };
    for (const [name, call] of Object.entries(calls)) {
      await call();
      const { kernels } = await counted(device, () => call());
      for (const share of shares) {
        let more: number | null = null;
        for (let i = 0; more === null && i < tries; i++)
          more = await kernelsAfterAbort(call, share * kernels);
        expect(more, `kernels of a ${name} given up after ${share} of them`).not.toBeNull();
        expect(more, `kernels of a ${name} given up after ${share} of them`).toBeLessThanOrEqual(underWay);
      }
    }
  });
});
