import { beforeAll, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { buildCommand } from "../e2e/command.js";
import { losePower, recordCheckpoints } from "./checkpoint-power-loss.js";
import { whyNoStrace } from "./strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no recorded system calls: ${reason}`);

beforeAll(() => {
  if (!reason) buildCommand();
});

// Thousands of losses are in test/long.
it.skipIf(reason)(
  "a power loss leaves the last checkpoint that was said to be on the disk, or a later one",
  async () => {
    const operations = await recordCheckpoints();
    const losses = await losePower(operations, generator(5, "power loss"), 2);
    expect(losses).toBeGreaterThan(100);
  },
);
