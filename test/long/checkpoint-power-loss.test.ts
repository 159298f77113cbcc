import { beforeAll, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { buildCommand } from "../e2e/command.js";
import { losePower, recordCheckpoints } from "../faults/checkpoint-power-loss.js";
import { whyNoStrace } from "../faults/strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no recorded system calls: ${reason}`);

beforeAll(() => {
  if (!reason) buildCommand();
});

it.skipIf(reason)(
  "a power loss leaves the last checkpoint that was said to be on the disk, or a later one",
  async () => {
    const operations = await recordCheckpoints();
    const losses = await losePower(operations, generator(6, "power loss"), 20);
    console.log(`${losses} losses of power, after each of ${operations.length} changes of the disk`);
    expect(losses).toBeGreaterThan(3000);
  },
);
