import { it } from "vitest";
import { checkLoadsBesideSaves } from "../faults/versions.js";

it("ten thousand loads see one version each of a directory that is saved all the time", async () => {
  const started = performance.now();
  const counts = await checkLoadsBesideSaves(10_000);
  console.log({ ...counts, seconds: Math.round((performance.now() - started) / 1000) });
});
