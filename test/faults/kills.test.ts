import { beforeAll, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { buildCommand } from "../e2e/command.js";
import { KilledRun } from "./kills.js";

beforeAll(buildCommand);

// A thousand are in test/long.
it("a run that is killed at random moments and resumed ends with the bytes of an undisturbed one", async () => {
  await using run = await KilledRun.prepare();
  const random = generator(11, "kills");
  let hits = 0;
  for (const times of [1, 2, 3]) hits += await run.check(times, random);
  expect(hits).toBeGreaterThan(0);
});
