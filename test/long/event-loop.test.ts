// The event loop's delay with a model of BERT-base's size; needs cores that nobody else uses.
import { expect, it } from "vitest";
import { runLongChild } from "../faults/run-child.js";

it("never stands still for more than 20 ms while BERT-base trains, saves, loads and predicts", async () => {
  const { end, reports, stderr } = await runLongChild("event-loop.mjs", 600, "base", "30522");
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const delays = reports.delays as Record<string, number>;
  console.log(delays);
  for (const [part, delay] of Object.entries(delays)) expect(delay, part).toBeLessThan(20);
});
