import { it } from "vitest";
import { checkLoadsBesideSaves } from "../faults/versions.js";

it("ten thousand loads see one version each of a directory that is saved all the time", async () => {
  console.log(await checkLoadsBesideSaves(10_000));
});
