import { it } from "vitest";
import { checkSoak } from "./soak.js";

it("memory does not grow over ten loads and five thousand predictions", async () => {
  await checkSoak(10, 5000);
});
