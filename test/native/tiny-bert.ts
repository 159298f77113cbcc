// What the engine's tests share: a BERT small enough to build in every test, and batches for it.
import { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { NativeModelSpec, NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { plainTraining, smallBert } from "../fixtures/bert.mjs";
import { randomBatch } from "../parity/models.js";
import { testDevice } from "../test-device.js";

export const config = smallBert;

export const labels = 3;

/** A random model; the same one every time, unless `changes` say otherwise. */
export function freshModel(changes: Partial<NativeModelSpec> = {}): Promise<NativeModel> {
  return NativeModel.load({
    config,
    labels,
    tensors: [],
    seed: 1,
    precision: "fp32",
    threads: 2,
    device: testDevice,
    ...changes,
  });
}

/** Random rows of 1 to 40 tokens, about one label in ten missing. */
export function batchOf(rows: number, seed = 1): LabelledBatch {
  const lengths = Array.from({ length: rows }, (_, i) => 1 + ((i * 17 + seed * 5) % 40));
  return randomBatch(lengths, { vocabulary: config.vocab_size, labels, seed });
}

/** Some rows of a batch, in the order given. */
export function rowsOf(batch: LabelledBatch, rows: readonly number[]): LabelledBatch {
  const spans = rows.map((row) => [batch.offsets[row]!, batch.offsets[row + 1]!] as const);
  const offsets = Int32Array.of(0, ...spans.map(([begin, end]) => end - begin));
  for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
  return {
    ids: Int32Array.from(spans.flatMap(([begin, end]) => [...batch.ids.subarray(begin, end)])),
    offsets,
    labels: Float32Array.from(
      rows.flatMap((row) => [...batch.labels.subarray(row * labels, (row + 1) * labels)]),
    ),
  };
}

export const training = plainTraining;

/** Starts a training with the usual options, unless `options` say otherwise. */
export function start(
  model: NativeModel,
  options: Partial<NativeTrainingOptions> = {},
): Promise<NativeTraining> {
  return model.startTraining({ ...training, ...options });
}

/** Takes one step on each batch; the loss of each step. */
export async function takeSteps(run: NativeTraining, batches: readonly LabelledBatch[]): Promise<number[]> {
  const losses: number[] = [];
  for (const batch of batches) losses.push((await run.step([batch])).loss);
  return losses;
}

/** The gradients of a batch, by name of parameter. */
export async function gradientsOf(
  model: NativeModel,
  run: NativeTraining,
  batch: LabelledBatch,
): Promise<Map<string, Float32Array>> {
  await run.computeGradients(batch);
  const names = await model.parameterNames();
  return new Map(await Promise.all(names.map(async (name) => [name, await run.gradient(name)] as const)));
}

/** Trains a model step by step, on one batch after the other; the loss of each step. */
export async function train(
  model: NativeModel,
  batches: readonly LabelledBatch[],
  options: Partial<NativeTrainingOptions> = {},
): Promise<number[]> {
  return await takeSteps(await start(model, options), batches);
}

/** All parameters, by name. */
export async function weightsOf(model: NativeModel): Promise<Map<string, Float32Array>> {
  const names = await model.parameterNames();
  return new Map(await Promise.all(names.map(async (name) => [name, await model.parameter(name)] as const)));
}

/** The largest difference of any element of any parameter. */
export function weightsDifference(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): number {
  let largest = 0;
  for (const [name, values] of a) {
    const others = b.get(name)!;
    for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]! - others[i]!));
  }
  return largest;
}
