import { afterAll, beforeAll, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { SaveSweep } from "./save-sweep.js";
import { type Fault, type Place, whyNoStrace } from "./strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no faults at system calls: ${reason}`);

let sweep: SaveSweep | undefined;
beforeAll(async () => {
  if (reason) return;
  buildCommand();
  sweep = await SaveSweep.prepare();
});
afterAll(async () => await sweep?.[Symbol.asyncDispose]());

// The whole is in test/long.
it.skipIf(reason).each<[Fault, Place, string[]]>([
  ["SIGKILL", "files", ["rename", "rmdir"]],
  ["SIGKILL", "main", ["renameat2", "unlink"]],
  ["EIO", "files", ["rename", "mkdir"]],
  ["ENOSPC", "each", ["fsync"]],
])(
  "%s at system calls of a save (%s: %j) leaves the old or the new model, whole",
  async (fault, place, calls) => {
    expect(await sweep!.run(place, fault, calls)).toBeGreaterThan(1);
  },
);
