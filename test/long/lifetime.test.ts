// The whole lifetime table twenty times, the events at different times of the work; about ten minutes on two cores.
import { describe, it } from "vitest";
import { cells, checkCell } from "../faults/lifetime.js";

describe.concurrent("the process ends as it should, twenty times", () => {
  it.for(cells)("after %s during %s", async ([event, moment]) => {
    for (let i = 0; i < 20; i++) await checkCell(event, moment, i * 3);
  });
});
