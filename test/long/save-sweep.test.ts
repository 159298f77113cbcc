import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { SaveSweep } from "../faults/save-sweep.js";
import { type Fault, type Place, whyNoStrace } from "../faults/strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no faults at system calls: ${reason}`);

let sweep: SaveSweep | undefined;
beforeAll(async () => {
  if (reason) return;
  buildCommand();
  sweep = await SaveSweep.prepare();
});
afterAll(async () => await sweep?.[Symbol.asyncDispose]());

describe.skipIf(reason)("at every system call of a save", () => {
  it.each<[Fault, Place]>(
    (["SIGKILL", "EIO", "ENOSPC", "EDQUOT"] as const).flatMap((fault) =>
      (["main", "files", "each"] as const).map((place): [Fault, Place] => [fault, place]),
    ),
  )("%s (%s) leaves the old or the new model, whole", async (fault, place) => {
    const calls = await sweep!.run(place, fault);
    console.log(`${fault} at each of ${calls} calls of ${place}`);
    expect(calls).toBeGreaterThan(0);
  });
});
