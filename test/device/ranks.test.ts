// What several processes exchange crosses from the device to the CPU and back in as few copies as there are pieces.
import { describe, expect, it } from "vitest";
import { leave, ranksOf, stepOf } from "../native/several-ranks.js";
import { batchOf, freshModel, start } from "../native/tiny-bert.js";
import { counted, simulated } from "./simulated.js";

describe.skipIf(!simulated)("gradients of several ranks", () => {
  it.each(["fp32", "bf16"] as const)("travel in one copy each way, in %s", async (precision) => {
    const ranks = await ranksOf(2, { device: "cuda", precision });
    const staged = () => Promise.all(ranks.map(async ({ group }) => (await group.statistics()).stagedCopies));
    await stepOf(ranks, [batchOf(3, 1), batchOf(4, 2)]);
    const before = await staged();
    const counts = await counted(simulated!, () => stepOf(ranks, [batchOf(3, 3), batchOf(4, 4)]));
    expect(await staged()).toEqual(before.map((copies) => copies + 2));
    // Of each rank: its batch and the sums go up, the gradients, and loss and norm, come down; its loss is one number.
    expect(counts).toMatchObject({ uploads: 4, waitingUploads: 0, downloads: 4, scalars: 2 });
    await leave(ranks);
  });

  it("stay on the device where NCCL sums them", async () => {
    const ranks = await ranksOf(2, { device: "cuda", experiments: ["nccl"] });
    await using alone = await freshModel({ device: "cuda", training: true, threads: 1 });
    const run = await start(alone);
    for (const seed of [1, 3]) {
      const parts = [batchOf(3, seed), batchOf(4, seed + 1)];
      const [first] = await stepOf(ranks, parts);
      const whole = await run.step(parts);
      expect([first!.loss, first!.gradientNorm]).toEqual([whole.loss, whole.gradientNorm]);
    }
    for (const { group, run: own } of ranks) {
      expect(await own.weightsDigest()).toBe(await run.weightsDigest());
      const { stagedCopies, bytes } = await group.statistics();
      expect(stagedCopies).toBe(0);
      expect(bytes).toBeGreaterThan(0);
    }
    await leave(ranks);
  });
});
