// The whole lifetime table twenty times, the events at different times of the work; about a quarter of an hour on two
// cores. Here, where nothing else runs, an end may not take a second.
import { afterAll, describe, expect, it } from "vitest";
import { cells, checkCell } from "../faults/lifetime.js";

const slowest: Record<string, number> = {};
afterAll(() => console.table(slowest));

describe.concurrent("the process ends as it should, twenty times", () => {
  it.for(cells)("after %s during %s", async ([event, moment]) => {
    for (let i = 0; i < 20; i++) {
      const milliseconds = await checkCell(event, moment, i * 3);
      if (milliseconds === null) continue;
      expect(milliseconds).toBeLessThan(1000);
      slowest[event] = Math.max(slowest[event] ?? 0, milliseconds);
    }
  });
});
