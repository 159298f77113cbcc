// Checkpoints for tests: of runs that never were, with all kinds of content.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, type RunMemory, tensorsFile } from "../../../src/training/checkpoint.js";
import type { RunDirectory } from "../../../src/training/run-directory.js";
import { initialState } from "../../../src/training/state.js";

/** What a run may remember after some steps. */
export function memoryOf(steps: number): RunMemory {
  const state = { ...initialState(), steps, stepsInEpoch: steps, lossSum: steps / 3 };
  return {
    identity: { "option epochs": 3, "the texts of the training data": "sha256:12" },
    state,
    steps: Float64Array.from({ length: 3 * steps }, (_, i) => i / 7),
    kept: { validationLogits: Float32Array.of(0.1, Number.NaN, -0), test: undefined },
  };
}

/** Writes a checkpoint whose tensors are some bytes. */
export async function writeCheckpoint(runs: RunDirectory, steps: number): Promise<void> {
  const { directory, number } = await runs.begin();
  writeFileSync(join(directory, tensorsFile), Buffer.alloc(5000, steps));
  const size = { totalSteps: 100, epochs: 3 };
  const summary = { number, step: steps, epoch: 1, ...size, savedAt: "2026-01-01T00:00:00.000Z" };
  await runs.publish(directory, summary, memoryOf(steps));
}

/** Names all that a checkpoint says. */
export function digestOfCheckpoint(checkpoint: Checkpoint): string {
  const { directory, tensors, steps, kept, ...rest } = checkpoint;
  const hash = createHash("sha256").update(JSON.stringify(rest)).update(steps);
  if (kept.validationLogits) hash.update(kept.validationLogits);
  if (tensors) hash.update(readFileSync(tensors));
  return hash.digest("hex");
}

/** The names in a run's directory, sorted. */
export function namesIn({ path }: RunDirectory): string[] {
  return readdirSync(path).sort();
}
