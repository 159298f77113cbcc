import { expect, it } from "vitest";
import { Reports } from "../../../src/training/reports.js";

it("reports are handed out as they come, until the end", async () => {
  const reports = new Reports();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const report of reports) seen.push(report);
  })();
  for (const report of [1, 2]) {
    await new Promise(setImmediate);
    reports.add(report);
  }
  await new Promise(setImmediate);
  reports.end();
  await reading;
  expect(seen).toEqual([1, 2]);
});

it("reports that come before the reader asks are merged, and the last is never lost", async () => {
  const reports = new Reports();
  for (const report of [1, 2, 3]) reports.add(report);
  reports.end();
  const seen: number[] = [];
  for await (const report of reports) seen.push(report);
  expect(seen).toEqual([3]);
});
