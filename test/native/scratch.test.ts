// Memory that predictions leave for the next ones (native/runtime/scratch.h): it may change no number.
import { describe, expect, it } from "vitest";
import { batchOf, freshModel, train } from "./tiny-bert.js";

/** Up and down, beyond and below the size from which memory is kept; batches of 300 rows have some 6,000 tokens. */
const sizes = [300, 40, 150, 300, 7, 90, 299, 1, 200];

describe.each(["fp32", "bf16", "int8"] as const)("memory that a prediction left, in %s", (precision) => {
  it("changes none of the next", async () => {
    await using model = await freshModel({ precision });
    for (const rows of sizes) {
      await using fresh = await freshModel({ precision });
      expect(await model.predict(batchOf(rows))).toEqual(await fresh.predict(batchOf(rows)));
    }
  });
});

it("is not what training computes in", async () => {
  await using model = await freshModel();
  await using unasked = await freshModel();
  const batches = [batchOf(200, 1), batchOf(200, 2)];
  await model.predict(batchOf(300));
  expect(await train(model, batches)).toEqual(await train(unasked, batches));
  expect(await model.predict(batchOf(300))).toEqual(await unasked.predict(batchOf(300)));
});
