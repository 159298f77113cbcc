// A service under load, with a training beside it whose models are swapped in; test/long has ten minutes of it.
import { it } from "vitest";
import { checkService } from "./service.js";

it("loses no request and mixes no models while a training is cancelled, begun again and swapped in", async () => {
  await checkService(0);
});
