// The training of a model: its optimizer, its schedule, and one step after the other.

import type { CallOptions } from "../base/cancel.js";
import { TagformerError } from "../base/errors.js";
import type { LabelledBatch } from "../text/batch.js";
import type { Calls } from "./calls.js";
import type { NativeStep, NativeStepShare, Session, TensorSource } from "./types.js";

/**
 * A training that `NativeModel.startTraining` began. Its calls are the model's: they run on its thread, in the order in
 * which they were made, and batches are copied. It ends when the model starts another training or is disposed of.
 */
export class NativeTraining {
  readonly #session: Session;
  readonly #calls: Calls;
  #replaced = false;

  constructor(session: Session, calls: Calls) {
    this.#session = session;
    this.#calls = calls;
  }

  /**
   * One whole training step over one or more micro-batches: forward, loss, backward, clip, AdamW, schedule. Of several
   * processes each gives its own, perhaps none, and its `share`.
   */
  step(
    batches: readonly LabelledBatch[],
    { signal, share }: CallOptions & { readonly share?: NativeStepShare | undefined } = {},
  ): Promise<NativeStep> {
    return this.#call((job) => this.#session.trainStep(batches, job, share), signal);
  }

  /**
   * Writes what the training goes on from, weights and optimizer, as they are after the steps that were asked for before.
   * Steps that are asked for later run beside the writing. One at a time.
   *
   * @returns resolves when the bytes are on the disk
   */
  writeCheckpoint(file: string): Promise<void> {
    return this.#call(() => this.#session.writeCheckpoint(file));
  }

  /**
   * Before the first step: goes on from what {@link writeCheckpoint} wrote after `steps` steps. Of several processes rank 0
   * reads it for all.
   */
  restore(tensors: readonly TensorSource[], steps: number): Promise<void> {
    return this.#call(() => this.#session.restoreTraining(tensors, steps));
  }

  /** Tells the weights from others. */
  weightsDigest(): Promise<bigint> {
    return this.#call(() => this.#session.weightsDigest());
  }

  /** Loss and gradients of a batch without an update and without dropout, for comparing with PyTorch. */
  computeGradients(batch: LabelledBatch): Promise<number> {
    return this.#call(() => this.#session.computeGradients(batch));
  }

  /** A copy of the gradient that {@link computeGradients} left, by Hugging Face's name. */
  gradient(name: string): Promise<Float32Array> {
    return this.#call(() => this.#session.gradient(name));
  }

  /** Another training takes its place: all later calls reject. */
  replace(): void {
    this.#replaced = true;
  }

  async #call<T>(start: (job: number) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#replaced) {
      throw new TagformerError("DISPOSED", "this training has ended: its model has begun another training");
    }
    return await this.#calls.make(start, signal);
  }
}
