import { beforeAll, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { buildCommand } from "../e2e/command.js";
import { KilledRun } from "../faults/kills.js";

beforeAll(buildCommand);

it("a thousand kills at random moments, up to three of a run, change no byte of its end", {
  timeout: 24 * 3_600_000,
}, async () => {
  const run = await KilledRun.prepare();
  const random = generator(12, "kills");
  let hits = 0;
  let runs = 0;
  for (; hits < 1000; runs++) hits += await run.check(1 + (runs % 3), random);
  expect(hits).toBeGreaterThanOrEqual(1000);
  console.log(`${runs} runs ended as they should, after ${hits} kills`);
});
