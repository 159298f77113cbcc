// What the parity tests of every architecture share: batches, references from transformers, and comparisons.
import { mkdtempSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generator, type Random } from "../../src/base/random.js";
import { readModelDirectory } from "../../src/model/directory.js";
import { readSafetensors } from "../../src/model/safetensors.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { Precision } from "../../src/native/types.js";
import type { LabelledBatch, RaggedBatch } from "../../src/text/batch.js";
import { testDevice } from "../test-device.js";
import { runPython } from "./python.js";

/** What test/parity/python/model_reference.py trains with. */
export const training = {
  learningRate: 3e-4,
  schedule: "constant",
  warmupSteps: 0,
  totalSteps: 20,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 1,
  seed: 1,
  dropout: false,
} as const;

export interface Reference {
  readonly logits: number[];
  readonly loss: number;
  /** Of each training step asked for. */
  readonly losses: number[];
}

/** A model for transformers, and a batch for it; see test/parity/python/model_reference.py. */
export interface Question {
  readonly directory: string;
  readonly batch: LabelledBatch;
  /** A config.json: a random model is made and saved to `directory` first. */
  readonly config?: Record<string, unknown>;
  readonly seed?: number;
  readonly steps?: number;
}

/** A folder of its own for a test's files. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "tagformer-"));
}

/** Random rows of the given lengths; about one label in ten is missing. */
export function randomBatch(
  lengths: readonly number[],
  options: { vocabulary: number; labels: number; types?: number; seed: number },
): LabelledBatch {
  const random = generator(options.seed, "parity batch");
  const offsets = Int32Array.from([0, ...lengths]);
  for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
  const total = offsets[lengths.length]!;
  const labels = Float32Array.from({ length: lengths.length * options.labels }, () => randomLabel(random));
  labels[0] = 1; // at least one is there
  return {
    ids: Int32Array.from({ length: total }, () => random.below(options.vocabulary)),
    offsets,
    labels,
    ...(options.types
      ? { types: Int32Array.from({ length: total }, () => random.below(options.types!)) }
      : {}),
  };
}

/** One row of a batch, by itself. */
export function rowOf({ ids, types, offsets }: RaggedBatch, row: number): RaggedBatch {
  const [begin, end] = [offsets[row]!, offsets[row + 1]!];
  return {
    ids: ids.slice(begin, end),
    offsets: Int32Array.of(0, end - begin),
    ...(types && { types: types.slice(begin, end) }),
  };
}

function randomLabel(random: Random): number {
  const draw = random.below(10);
  return draw === 9 ? Number.NaN : draw % 2;
}

/** Asks transformers, all questions in one process: starting it takes longer than answering. */
export function references(questions: readonly Question[]): Reference[] {
  const requests = questions.map(({ batch, ...question }) => ({
    ...question,
    ids: Array.from(batch.ids),
    offsets: Array.from(batch.offsets),
    types: batch.types ? Array.from(batch.types) : null,
    labels: Array.from(batch.labels, (x) => (Number.isNaN(x) ? null : x)),
  }));
  return runPython("model_reference.py", requests) as Reference[];
}

export async function loadModel(
  directory: string,
  labels: number,
  options: { precision?: Precision; threads?: number; dense?: boolean } = {},
): Promise<NativeModel> {
  const { config, tensors } = await readModelDirectory(directory);
  const { precision = "fp32", threads = 2, dense = false } = options;
  return NativeModel.load({
    config,
    labels,
    tensors,
    seed: 1,
    precision,
    threads,
    dense,
    device: testDevice,
  });
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/**
 * Compares every gradient with transformers': the L2 norm of the difference over the norm of the reference.
 *
 * Some gradients are zero in exact arithmetic: a key's bias moves all scores of a query alike, and in a text of one token
 * every score is 1. There is nothing to be relative to; what rounding leaves is compared with the gradient of the model.
 *
 * @returns the largest relative difference, and its tensor
 */
export async function gradientDifference(
  model: NativeModel,
  run: NativeTraining,
  directory: string,
): Promise<{ name: string; relative: number }> {
  const expected = await readGradients(directory);
  const whole = Math.hypot(...Array.from(expected.values(), norm));
  let worst = { name: "", relative: 0 };
  for (const name of await model.parameterNames()) {
    const ours = await run.gradient(name);
    // Weights that classification does not use, such as XLNet's mask_emb, have no gradient there.
    const theirs = expected.get(name) ?? new Float32Array(ours.length);
    const difference = norm(ours.map((x, i) => x - theirs[i]!));
    const relative = difference / (norm(theirs) < 1e-6 * whole ? whole : norm(theirs));
    if (relative > worst.relative) worst = { name, relative };
  }
  return worst;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

async function readGradients(directory: string): Promise<Map<string, Float32Array>> {
  const file = join(directory, "gradients.safetensors");
  const bytes = await readFile(file);
  const gradients = new Map<string, Float32Array>();
  for (const tensor of await readSafetensors(file)) {
    gradients.set(tensor.name, new Float32Array(bytes.buffer.slice(tensor.begin, tensor.end)));
  }
  return gradients;
}
