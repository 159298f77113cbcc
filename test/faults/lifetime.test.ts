import { describe, it } from "vitest";
import { cells, checkCell } from "./lifetime.js";

describe.concurrent("the process ends as it should", () => {
  it.for(cells)("after %s during %s", async ([event, moment]) => {
    await checkCell(event, moment, 10);
  });
});
