// Checkpoints that were damaged after they were written: cut, flipped, exchanged, emptied, removed.
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Random } from "../../src/base/random.js";
import { RunDirectory } from "../../src/training/run-directory.js";
import { digestOfCheckpoint, writeCheckpoint } from "../unit/training/checkpoints.js";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { Progress } from "./progress.js";

/** Two checkpoints of one run, and what each of them says. */
interface Victim {
  readonly folder: string;
  readonly older: string;
  readonly newer: string;
}

export async function makeVictim(): Promise<Victim> {
  const folder = temporaryFolder();
  const runs = new RunDirectory(join(folder, "model"));
  const digests: string[] = [];
  for (const steps of [20, 40]) {
    await writeCheckpoint(runs, steps);
    digests.push(digestOfCheckpoint((await runs.newest()).checkpoint!));
  }
  return { folder, older: digests[0]!, newer: digests[1]! };
}

/** Damages the newer checkpoint at random; says how. */
function damage(directory: string, other: string, random: Random): string {
  const names = readdirSync(directory);
  const name = names[random.below(names.length)]!;
  const file = join(directory, name);
  const bytes = readFileSync(file);
  switch (random.below(6)) {
    case 0: {
      const length = random.below(bytes.length);
      writeFileSync(file, bytes.subarray(0, length));
      return `${name} cut to ${length} bytes`;
    }
    case 1: {
      const at = random.below(bytes.length);
      bytes[at]! ^= 1 << random.below(8);
      writeFileSync(file, bytes);
      return `a bit of byte ${at} of ${name} flipped`;
    }
    case 2:
      writeFileSync(file, readFileSync(join(other, name)));
      return `${name} of the older one in its place`;
    case 3: {
      const second = join(directory, names[(names.indexOf(name) + 1) % names.length]!);
      renameSync(file, `${file}.x`);
      renameSync(second, file);
      renameSync(`${file}.x`, second);
      return `${name} exchanged with ${second}`;
    }
    case 4:
      rmSync(file);
      return `${name} removed`;
    default:
      writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(1 + random.below(9), random.below(256))]));
      return `bytes after the end of ${name}`;
  }
}

/** Damages a copy `times`: the newer checkpoint is skipped for a reason, or says what was written; the older is whole. */
export async function damageOften(victim: Victim, random: Random, times: number): Promise<number> {
  let skippedTimes = 0;
  const progress = new Progress("damaged checkpoints", times);
  for (let time = 0; time < times; time++) {
    const folder = temporaryFolder();
    cpSync(victim.folder, folder, { recursive: true });
    const runs = new RunDirectory(join(folder, "model"));
    const how = damage(join(runs.path, "checkpoint-2"), join(runs.path, "checkpoint-1"), random);
    const { checkpoint, skipped } = await runs.newest();
    const expected = skipped.length === 0 ? victim.newer : victim.older;
    expect(digestOfCheckpoint(checkpoint!), how).toBe(expected);
    for (const { directory, reason } of skipped) {
      expect(existsSync(directory), how).toBe(true);
      expect(reason, how).toMatch(/\w/);
    }
    skippedTimes += skipped.length;
    progress.add();
    rmSync(folder, { recursive: true });
  }
  return skippedTimes;
}
