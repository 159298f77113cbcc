import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { damageOften, makeVictim } from "../faults/checkpoint-damage.js";

it("of two thousand damaged checkpoints none is taken for whole, and none does more harm", async () => {
  const times = 2000;
  const skipped = await damageOften(await makeVictim(), generator(4, "damage"), times);
  console.log(`${skipped} of ${times} were skipped; the others say what was written`);
  expect(skipped).toBeGreaterThan(times * 0.9);
});
