// A machine that loses its power while a checkpoint is written: whatever reached the disk, a whole checkpoint is there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Random } from "../../src/base/random.js";
import { RunDirectory } from "../../src/training/run-directory.js";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { ForgetfulDisk, type Operation, readRecording } from "./power-loss.js";
import { Progress } from "./progress.js";

const recorded =
  "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir";

/** What a process does to the disk that writes three checkpoints. */
export async function recordCheckpoints(): Promise<readonly Operation[]> {
  const [folder, log] = [temporaryFolder(), join(temporaryFolder(), "strace")];
  const target = join(folder, "model");
  const child = spawn(
    "strace",
    [
      ...["-f", "-y", "-xx", "-s", "100000000", "-o", log, "-e", `trace=${recorded}`],
      ...[process.execPath, join(import.meta.dirname, "children", "checkpoint-now.mjs"), target],
    ],
    { stdio: "inherit" },
  );
  expect(await once(child, "exit")).toEqual([0, null]);
  return readRecording(readFileSync(log, "utf8"), folder);
}

/**
 * Loses the power `times` after each operation. The newest whole checkpoint is never older than the last one that was said to
 * be on the disk, which the flush of its directory's directory says.
 */
export async function losePower(
  operations: readonly Operation[],
  random: Random,
  times: number,
): Promise<number> {
  const disk = new ForgetfulDisk();
  let saved = 0;
  let renamed = 0;
  let losses = 0;
  const progress = new Progress("losses of power", times * operations.length);
  for (const [i, operation] of operations.entries()) {
    disk.apply(operation);
    if (operation.kind === "rename" && /checkpoint-\d$/.test(operation.to))
      renamed = Number(operation.to.at(-1));
    if (operation.kind === "sync" && operation.path === ".model.run") saved = renamed;
    for (let time = 0; time < times; time++) {
      const folder = temporaryFolder();
      disk.leave(folder, random);
      const { checkpoint } = await new RunDirectory(join(folder, "model")).newest();
      const step = checkpoint?.step ?? 0;
      expect(step, `after operation ${i} (${operation.kind} ${operation.path})`).toBeGreaterThanOrEqual(
        saved,
      );
      if (checkpoint) expect(checkpoint.kept.validationLogits).toEqual(Float32Array.of(step));
      losses++;
      progress.add();
      rmSync(folder, { recursive: true });
    }
  }
  expect(saved).toBe(3);
  return losses;
}
