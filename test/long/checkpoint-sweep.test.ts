import { beforeAll, describe, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { cutWritesShort, sweepCheckpoint } from "../faults/checkpoint-sweep.js";
import { type Fault, type Place, whyNoStrace } from "../faults/strace.js";

const reason = whyNoStrace();
if (reason) console.log(`no faults at system calls: ${reason}`);

beforeAll(() => {
  if (!reason) buildCommand();
});

describe.skipIf(reason)("at every system call of a checkpoint", () => {
  it.each<[Fault, Place]>(
    (["SIGKILL", "EIO", "ENOSPC", "EDQUOT"] as const).flatMap((fault) =>
      (["main", "files", "each"] as const).map((place): [Fault, Place] => [fault, place]),
    ),
  )("%s (%s) leaves the old or the new one, whole", async (fault, place) => {
    const calls = await sweepCheckpoint(place, fault);
    console.log(`${fault} at each of ${calls} calls of ${place}`);
    // All calls of the main thread are those of the event loop.
    if (place !== "main") expect(calls).toBeGreaterThan(0);
  });
});

it.skipIf(reason)("writes that are cut short are found out when the checkpoint is read", async () => {
  const writes = await cutWritesShort();
  console.log(`each of ${writes} writes`);
  expect(writes).toBeGreaterThan(4);
});
