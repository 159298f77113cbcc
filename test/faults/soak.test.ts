import { it } from "vitest";
import { checkSoak } from "./soak.js";

it("memory does not grow over thirty loads and five thousand predictions", async () => {
  await checkSoak(30, 5000);
});
