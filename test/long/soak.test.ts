import { it } from "vitest";
import { checkSoak } from "../faults/soak.js";

it("memory does not grow over fifty loads and a hundred thousand predictions", async () => {
  console.log(await checkSoak(50, 100_000));
});
