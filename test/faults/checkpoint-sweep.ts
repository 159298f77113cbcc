// Writing a checkpoint with a fault at the n-th system call of one of the process's threads.
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { tensorsFile } from "../../src/training/checkpoint.js";
import { RunDirectory } from "../../src/training/run-directory.js";
import { namesIn, writeCheckpoint } from "../unit/training/checkpoints.js";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { callsOf, type Fault, FaultyWork, type Injection, type Place, sweepCalls } from "./strace.js";

/** Writes checkpoints into targets of its own with faults. */
class CheckpointSweep {
  readonly #work: FaultyWork;

  constructor(work: FaultyWork) {
    this.#work = work;
  }

  async count(place: Place, calls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return await this.#work.count(join(temporaryFolder(), "model"), place, calls);
  }

  /**
   * Writes a third checkpoint with a fault; checks that the newest whole one is the second or the third, that a third that is
   * said to be there is, and that the next checkpoint leaves nothing but the last two.
   *
   * @returns `false` when it was over before that call
   */
  async check({ place, fault, call, n, file }: Injection): Promise<boolean> {
    const target = join(temporaryFolder(), "model");
    const { outcome, injected } = await this.#work.run(target, {
      ...{ place, fault, call, n },
      ...(file !== undefined && { file: join(new RunDirectory(target).path, "writing-3", file) }),
    });
    const where = `${fault} at ${call} ${n} of ${file ?? place}`;
    if (fault !== "SIGKILL") expect(["saved", "IO"], `${where}: ${outcome}`).toContain(outcome);
    const runs = new RunDirectory(target);
    const { checkpoint, skipped } = await runs.newest();
    expect([2, 3], where).toContain(checkpoint?.step);
    // Nobody can tell while it is written that a system lies about what it has written; who reads it is told.
    if (fault !== "short") expect(skipped, where).toEqual([]);
    if (outcome === "saved" && fault !== "short") expect(checkpoint?.step, where).toBe(3);
    await runs.tidy();
    await writeCheckpoint(runs, 4);
    const [older, newer] = namesIn(runs);
    expect(namesIn(runs), where).toEqual([older, newer]);
    expect((await runs.newest()).checkpoint?.step, where).toBe(4);
    rmSync(dirname(target), { recursive: true });
    return injected;
  }
}

/** Every call of the kinds, from the first to the last; returns how many there were. */
export async function sweepCheckpoint(
  place: Place,
  fault: Fault,
  calls: readonly string[] = callsOf(place, fault),
): Promise<number> {
  await using work = new FaultyWork("checkpoint-once.mjs");
  const sweep = new CheckpointSweep(work);
  return await sweepCalls(sweep, place, fault, calls);
}

/** Every write of every file of a checkpoint, cut short; returns how many there were. */
export async function cutWritesShort(files: readonly string[] = filesOfCheckpoint): Promise<number> {
  await using work = new FaultyWork("checkpoint-once.mjs");
  const sweep = new CheckpointSweep(work);
  let tried = 0;
  for (const file of files) {
    for (let n = 1; await sweep.check({ place: "each", fault: "short", call: "write", n, file }); n++)
      tried++;
  }
  return tried;
}

const filesOfCheckpoint = [tensorsFile, "state.json", "steps.f64", "validation.f32", "manifest.json"];
