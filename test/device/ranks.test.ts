// What several processes exchange crosses from the device to the CPU and back in as few copies as there are pieces.
import { describe, expect, it } from "vitest";
import { leave, ranksOf, stepOf } from "../native/several-ranks.js";
import { batchOf } from "../native/tiny-bert.js";
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
});
