import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { damageOften, makeVictim } from "./checkpoint-damage.js";

// A thousand are in test/long.
it("a damaged checkpoint is skipped with a reason, and the older one used", async () => {
  const times = 60;
  const skipped = await damageOften(await makeVictim(), generator(3, "damage"), times);
  // All but a flip of a blank, or the like, in the manifest.
  expect(skipped).toBeGreaterThan(times * 0.9);
});
