import { expect } from "vitest";
import { finish, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";
import { runLongChild } from "./run-child.js";

/**
 * Runs a service under load for some seconds, and until two models were swapped in. No request may be lost, none answered by
 * two models, and memory must not grow by more than a few of these small models.
 */
export async function checkService(seconds: number): Promise<void> {
  const { end } = await finish(tinyRun({ train: tinyDataset(100), epochs: 1 }));
  const child = await runLongChild("service.mjs", 1200 + 2 * seconds, end.directory, `${seconds}`);
  expect({ end: child.end, stderr: child.stderr, errors: child.reports.errors }).toEqual({
    end: 0,
    stderr: "",
    errors: [],
  });
  const counts = child.reports.counts as Record<string, number>;
  expect(counts).toMatchObject({ lost: 0, mixed: 0 });
  for (const what of ["answered", "aborted", "cancelled"]) expect(counts[what], what).toBeGreaterThan(0);
  expect(counts.swaps).toBeGreaterThanOrEqual(2);
  expect(child.reports.pending).toEqual({ rows: 0, tokens: 0 });
  expect(child.reports.grown).toBeLessThan(60);
}
