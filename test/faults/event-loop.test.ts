// The event loop goes on whatever runs natively. The bound is loose, as tests share their cores; test/long has the strict
// one. A vocabulary as large as XLM-RoBERTa's would hold up a loop that reads it for a second.
import { expect, it } from "vitest";
import { runChild } from "./run-child.js";

it("does not stand still while a model trains, loads and predicts", async () => {
  const { end, reports, stderr } = await runChild("event-loop.mjs", "small", "250000");
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const delays = reports.delays as Record<string, number>;
  expect(Object.keys(delays)).toHaveLength(6);
  expect(Math.max(...Object.values(delays)), JSON.stringify(delays)).toBeLessThan(200);
});
