import { describe, it } from "vitest";
import { cells, checkCell } from "./lifetime.js";

describe.concurrent("the process ends as it should", () => {
  it.for(cells)("after %s during %s", ([event, moment]) => checkCell(event, moment, 10));
});
