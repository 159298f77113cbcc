import { beforeAll, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { buildCommand } from "../e2e/command.js";
import { KilledRun } from "../faults/kills.js";
import { Progress } from "../faults/progress.js";

beforeAll(buildCommand);

it("a thousand runs that are killed at random moments, once or up to three times, end as if nothing had been", {
  timeout: 24 * 3_600_000,
}, async () => {
  await using run = await KilledRun.prepare();
  const random = generator(12, "kills");
  const runs = 1000;
  const progress = new Progress("killed runs", runs);
  let kills = 0;
  for (let i = 0; i < runs; i++) {
    kills += await run.check(1 + (i % 3), random);
    progress.add(1, { kills });
  }
  expect(kills).toBeGreaterThanOrEqual(runs);
  console.log(`${runs} runs ended as they should, after ${kills} kills`);
});
