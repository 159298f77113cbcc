// When a run writes a checkpoint, and what becomes of it when that fails.
import { join } from "node:path";
import { messageOf } from "../base/errors.js";
import { readSafetensors } from "../model/safetensors.js";
import type { NativeTraining } from "../native/training.js";
import type { ResolvedCheckpointOptions } from "../options/checkpoints.js";
import { type RunMemory, tensorsFile } from "./checkpoint.js";
import type { CheckpointFailedEvent } from "./events.js";
import type { RunDirectory } from "./run-directory.js";
import type { RunState } from "./state.js";

/** Milliseconds from one note of the progress to the next. */
const progressEvery = 10_000;
/**
 * The end of an epoch needs no checkpoint while the last one is younger, in milliseconds: what would be lost takes no longer to
 * compute again than a run takes to start, and epochs of a second would do little but write.
 */
const youngFor = 10_000;

interface CheckpointerParts {
  readonly directory: RunDirectory;
  readonly options: ResolvedCheckpointOptions;
  /** Steps and epochs of the whole run. */
  readonly size: { readonly totalSteps: number; readonly epochs: number };
  /** What the run goes on from, now. */
  readonly remember: () => RunMemory;
  /** Is told of the first failure after a success, or ever. */
  readonly failed: (event: CheckpointFailedEvent) => void;
}

/** Writes the checkpoints of one run, one at a time, beside its steps. A failure ends no run. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  /** Of what was written last, or is being written. */
  #state = "";
  #step = 0;
  #startedAt = performance.now();
  #isDue = false;
  #writing: Promise<void> | null = null;
  /** When the run was in the state of the last good checkpoint; `null` before the first. */
  #savedAt: number | null = null;
  #problem: string | null = null;
  #progressAt = Number.NEGATIVE_INFINITY;
  #noting: Promise<void> = Promise.resolve();

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  /** Why no checkpoint could be written; `null` when one was, or none was due. */
  get problem(): string | null {
    return this.#savedAt === null ? this.#problem : null;
  }

  /** Marks the begin of the run, so that it is found even before the first checkpoint. */
  async begin(): Promise<void> {
    await this.#begin(null);
    await this.#writing;
    this.#savedAt = null; // nothing of the run is in it
  }

  /** A step was made: begins a checkpoint if it is time. */
  async stepMade(training: NativeTraining, { steps }: RunState): Promise<void> {
    this.#noteProgress(steps);
    const { checkpointMinutes, checkpointSteps } = this.#parts.options;
    const minutes = (performance.now() - this.#startedAt) / 60_000;
    this.#isDue ||= minutes >= checkpointMinutes;
    this.#isDue ||= checkpointSteps > 0 && steps - this.#step >= checkpointSteps;
    if (this.#isDue) await this.#beginUnlessBusy(training);
  }

  /** An epoch is over: begins a checkpoint unless the last is young, or as soon as the one that is being written is done. */
  async epochEnded(training: NativeTraining): Promise<void> {
    if (performance.now() - this.#startedAt < youngFor) return;
    this.#isDue = true;
    await this.#beginUnlessBusy(training);
  }

  /**
   * Writes a checkpoint of the run's last state, unless there is one, and waits for it.
   *
   * @param training `null` when no step follows, so that weights and optimizer are no longer needed
   */
  async finish(training: NativeTraining | null): Promise<void> {
    await this.#writing;
    if (JSON.stringify(this.#parts.remember().state) !== this.#state || this.#problem !== null)
      await this.#begin(training);
    await this.#writing;
    await this.#noting;
  }

  async #beginUnlessBusy(training: NativeTraining): Promise<void> {
    if (this.#writing === null) await this.#begin(training);
  }

  /** Takes the run's memory and has the weights written as they are; what follows runs beside the next steps. */
  async #begin(training: NativeTraining | null): Promise<void> {
    this.#isDue = false;
    this.#startedAt = performance.now();
    try {
      const place = await this.#parts.directory.begin();
      // From here to the call of the model's thread nothing is awaited: state and weights are of one moment.
      const memory = this.#parts.remember();
      const savedAt = Date.now();
      this.#state = JSON.stringify(memory.state);
      this.#step = memory.state.steps;
      const tensors = training?.writeCheckpoint(join(place.directory, tensorsFile));
      this.#writing = this.#complete(place, { ...memory, state: JSON.parse(this.#state) }, savedAt, tensors);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #complete(
    { directory, number }: { readonly directory: string; readonly number: number },
    memory: RunMemory,
    savedAt: number,
    tensors: Promise<void> | undefined,
  ): Promise<void> {
    try {
      if (tensors) {
        await tensors;
        await readSafetensors(join(directory, tensorsFile)); // as long as its header says
      }
      const { steps: step, epoch } = memory.state;
      const summary = { number, step, epoch, ...this.#parts.size, savedAt: new Date(savedAt).toISOString() };
      await this.#parts.directory.publish(directory, summary, memory);
      this.#savedAt = savedAt;
      this.#problem = null;
    } catch (error) {
      this.#fail(error);
      await this.#parts.directory.tidy().catch(() => {});
    } finally {
      this.#writing = null;
    }
  }

  #fail(error: unknown): void {
    const isFirst = this.#problem === null;
    this.#problem = messageOf(error);
    if (!isFirst) return;
    this.#parts.failed({
      type: "checkpointFailed",
      problem: this.#problem,
      ...(this.#savedAt !== null && { lastSavedSeconds: (Date.now() - this.#savedAt) / 1000 }),
    });
  }

  #noteProgress(step: number): void {
    const now = performance.now();
    if (now - this.#progressAt < progressEvery) return;
    this.#progressAt = now;
    this.#noting = this.#parts.directory.noteProgress({ step, at: new Date().toISOString() });
  }
}
