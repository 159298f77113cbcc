import { beforeAll, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { type Fault, type Place, Sweep, whyNoStrace } from "./save-sweep.js";

const reason = whyNoStrace();
if (reason) console.log(`no faults at system calls: ${reason}`);

let sweep: Sweep;
beforeAll(async () => {
  if (reason) return;
  buildCommand();
  sweep = await Sweep.prepare();
});

// The whole is in test/long.
it.skipIf(reason).each<[Fault, Place, number]>([
  ["SIGKILL", "files", 19],
  ["SIGKILL", "main", 2],
  ["EIO", "files", 13],
  ["ENOSPC", "each", 15],
])(
  "%s at system calls of a save (%s) leaves the old or the new model, whole",
  async (fault, place, stride) => {
    expect(await sweep.run(place, fault, stride)).toBeGreaterThan(1);
  },
);
