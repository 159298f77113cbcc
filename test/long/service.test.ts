import { it } from "vitest";
import { checkService } from "../faults/service.js";

it("a service of ten minutes loses no request, mixes no models and does not grow", async () => {
  await checkService(600);
});
