// The event loop goes on whatever runs natively. Tests share their cores, so only the time counts in which the loop's own
// thread held it up, and it is compared with what a piece of JavaScript of about ten milliseconds takes here; test/long
// has the whole delay, with a BERT-base. The vocabulary is as large as XLM-RoBERTa's: reading it takes a second.
import { expect, it, onTestFinished, vi } from "vitest";
import { largeModel } from "./model.js";
import { runChild } from "./run-child.js";

it("is not held up while a model trains, saves, loads and predicts", async () => {
  const { end, reports, stderr } = await runChild("event-loop.mjs", "small", "250000");
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const held = reports.held as Record<string, number>;
  const allowed = 6 * (reports.piece as number);
  expect(Object.keys(held)).toHaveLength(6);
  for (const [part, milliseconds] of Object.entries(held)) expect(milliseconds, part).toBeLessThan(allowed);
});

it("is not held up by five texts of 800 KB in a service, and short calls are answered beside them", async () => {
  const { end, reports, stderr } = await runChild("long-texts.mjs", await largeModel());
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const held = reports.held as Record<string, number>;
  expect(held["beside long texts"]).toBeLessThan(6 * (reports.piece as number));
  expect(reports.cuts).toHaveLength(5);
  expect(Math.min(...(reports.cuts as number[]))).toBeGreaterThan(0);
  // How many depends on the machine: where the long texts are read quickly, one alone is beside them.
  expect((reports.beside as { calls: number }).calls).toBeGreaterThan(0);
});

it("leaves libuv's pool to others, be it of one thread", async () => {
  vi.stubEnv("UV_THREADPOOL_SIZE", "1");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { end, reports, stderr } = await runChild("thread-pool.mjs", await largeModel());
  expect({ end, stderr, reports }).toEqual({ end: 0, stderr: "", reports: { reads: 50 } });
});
