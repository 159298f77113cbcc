import { expect } from "vitest";
import { largeModel } from "./model.js";
import { runLongChild } from "./run-child.js";

/**
 * Loads a model of 30 MB and disposes of it `loads` times, then predicts; memory must not grow by one such model.
 *
 * @returns the growth in megabytes
 */
export async function checkSoak(loads: number, predictions: number): Promise<Record<string, number>> {
  const parameters = [await largeModel(), `${loads}`, `${predictions}`];
  const { end, reports, stderr } = await runLongChild("soak.mjs", 1800, ...parameters);
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const growth = reports.growth as Record<string, number>;
  for (const [part, megabytes] of Object.entries(growth)) expect(megabytes, part).toBeLessThan(30);
  return growth;
}
