import { beforeAll, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { cutWritesShort, sweepCheckpoint } from "./checkpoint-sweep.js";
import { type Fault, type Place, whyNoStrace } from "./strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no faults at system calls: ${reason}`);

beforeAll(() => {
  if (!reason) buildCommand();
});

// The whole is in test/long.
it.skipIf(reason).each<[Fault, Place, string[]]>([
  ["SIGKILL", "files", ["rename"]],
  ["EIO", "files", ["mkdir"]],
  ["ENOSPC", "each", ["sync_file_range", "fsync"]],
])(
  "%s at system calls of a checkpoint (%s: %j) leaves the old or the new one, whole",
  async (fault, place, calls) => {
    expect(await sweepCheckpoint(place, fault, calls)).toBeGreaterThan(0);
  },
);

it.skipIf(reason)("writes that are cut short are found out when the checkpoint is read", async () => {
  expect(await cutWritesShort(["state.json", "manifest.json"])).toBeGreaterThan(1);
});
