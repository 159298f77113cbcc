// A checkpoint: a directory from which a run goes on. It counts only when its manifest, which is written last, fits all files.
import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Facts } from "../base/differences.js";
import { digestBeside, digestOf, digestOfFile } from "../base/digest.js";
import { messageOf } from "../base/errors.js";
import { flush, flushDirectory } from "../base/whole-file.js";
import type { TestFigures } from "../evaluation/jobs.js";
import { isJsonObject } from "../model/json-file.js";
import type { EpochPredictions, RunState } from "./state.js";

/** All that a run goes on from, besides the weights and the optimizer. */
export interface RunMemory {
  readonly identity: Facts;
  readonly state: RunState;
  /** Values of the step log. */
  readonly steps: Float64Array;
  /** Of the epoch that is kept. */
  readonly kept: EpochPredictions;
}

/** What is known of a checkpoint at a glance. */
export interface CheckpointSummary {
  readonly directory: string;
  /** Counted over the run; a later checkpoint has a larger one, even of the same step. */
  readonly number: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly epochs: number;
  /** When the run was in this state, ISO 8601. */
  readonly savedAt: string;
}

/** A checkpoint, every byte of which is what was written. */
export interface Checkpoint extends CheckpointSummary, RunMemory {
  /** The safetensors file of weights and optimizer; `null` where none is needed: before the first step, or after the last. */
  readonly tensors: string | null;
}

/** Raised when an older tagformer could misread a newer checkpoint. */
const formatVersion = 1;

export const tensorsFile = "training.safetensors";
const stateFile = "state.json";
const stepsFile = "steps.f64";
const validationFile = "validation.f32";
const testFile = "test.f32";
const manifestFile = "manifest.json";
const files: ReadonlySet<string> = new Set([tensorsFile, stateFile, stepsFile, validationFile, testFile]);

/** Why a directory is no checkpoint that can be used. */
export class UnusableCheckpoint extends Error {}

interface Manifest extends Omit<CheckpointSummary, "directory"> {
  readonly formatVersion: number;
  readonly files: Readonly<Record<string, Entry[1]>>;
}

/** A file's name, and what it must hold. */
type Entry = [name: string, content: { readonly bytes: number; readonly sha256: string }];

const name = /^checkpoint-(\d{1,9})$/;

/** The name of a checkpoint's directory. */
export function nameOfCheckpoint(number: number): string {
  return `checkpoint-${number}`;
}

/** The number of a checkpoint, by the name of its directory; `null` for other names. */
export function numberOfCheckpoint(directory: string): number | null {
  const found = name.exec(basename(directory));
  return found && nameOfCheckpoint(Number(found[1])) === found[0] ? Number(found[1]) : null;
}

/**
 * Completes a checkpoint in a directory that may hold {@link tensorsFile} already: all bytes, and at last the manifest, are
 * on the disk when the promise resolves.
 */
export async function completeCheckpoint(
  directory: string,
  summary: Omit<CheckpointSummary, "directory">,
  { identity, state, steps, kept }: RunMemory,
): Promise<void> {
  const { validationLogits, test } = kept;
  const figures: TestFigures | null = test ? { metrics: test.metrics, intervals: test.intervals } : null;
  const write = async (file: string, content: string | Float32Array | Float64Array): Promise<Entry> => {
    await writeFile(join(directory, file), content);
    await flush(join(directory, file));
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    // Of what was to be written, and not of what the disk made of it.
    return [file, { bytes: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex") }];
  };
  const entries = [
    ...((await isThere(join(directory, tensorsFile)))
      ? [[tensorsFile, await digestBeside(join(directory, tensorsFile))] as Entry]
      : []),
    await write(stateFile, JSON.stringify({ identity, state, test: figures })),
    await write(stepsFile, steps),
    ...(validationLogits ? [await write(validationFile, validationLogits)] : []),
    ...(test ? [await write(testFile, test.logits)] : []),
  ];
  await write(manifestFile, sealed({ formatVersion, ...summary, files: Object.fromEntries(entries) }));
  await flushDirectory(directory);
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

/** The manifest with its own digest, which tells a flipped bit in it. */
function sealed(manifest: Manifest): string {
  return `${JSON.stringify({ manifest, sha256: digestOf([JSON.stringify(manifest)]) }, null, 1)}\n`;
}

/** What a checkpoint's manifest says; whether its files fit is not looked at. Throws {@link UnusableCheckpoint}. */
export async function readSummary(directory: string): Promise<CheckpointSummary> {
  const { formatVersion: _, files: __, ...summary } = await readManifest(directory);
  return { directory, ...summary };
}

/** Reads a checkpoint and checks every byte. Throws {@link UnusableCheckpoint}, with a reason as a sentence goes on. */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  const { formatVersion: _, files: expected, ...summary } = await readManifest(directory);
  for (const [file, { bytes, sha256 }] of Object.entries(expected)) {
    const found = await attempt(() => digestOfFile(join(directory, file)));
    if (found.bytes !== bytes)
      throw new UnusableCheckpoint(`${file} has ${found.bytes} bytes instead of ${bytes}`);
    if (found.sha256 !== sha256) throw new UnusableCheckpoint(`the content of ${file} is damaged`);
  }
  const read = async (file: string) => await attempt(() => readFile(join(directory, file)));
  const { identity, state, test } = JSON.parse((await read(stateFile)).toString()) as {
    identity: Facts;
    state: RunState;
    test: TestFigures | null;
  };
  const has = (file: string) => Object.hasOwn(expected, file);
  const validationLogits = has(validationFile) ? floatsOf(await read(validationFile)) : undefined;
  return {
    directory,
    ...summary,
    identity,
    state,
    steps: new Float64Array(arrayOf(await read(stepsFile))),
    kept: { validationLogits, test: test ? { ...test, logits: floatsOf(await read(testFile)) } : undefined },
    tensors: has(tensorsFile) ? join(directory, tensorsFile) : null,
  };
}

function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(arrayOf(bytes));
}

/** A copy, because a buffer may begin anywhere in its pool. */
function arrayOf({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

async function readManifest(directory: string): Promise<Manifest> {
  const text = await attempt(() => readFile(join(directory, manifestFile), "utf8"));
  const { manifest, sha256 } = parse(text);
  if (!isJsonObject(manifest)) throw new UnusableCheckpoint(`${manifestFile} is damaged`);
  if (Number(manifest.formatVersion) > formatVersion)
    throw new UnusableCheckpoint("a newer tagformer wrote it");
  const isWhole = sha256 === digestOf([JSON.stringify(manifest)]) && manifest.formatVersion === formatVersion;
  // What has the digest of what was written has its shape.
  const written = manifest as unknown as Manifest;
  if (!isWhole || written.number !== numberOfCheckpoint(directory))
    throw new UnusableCheckpoint(`${manifestFile} is damaged`);
  const unknown = Object.keys(written.files).find((file) => !files.has(file));
  if (unknown !== undefined) throw new UnusableCheckpoint(`${manifestFile} names ${unknown}`);
  return written;
}

function parse(text: string): { readonly manifest?: unknown; readonly sha256?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

async function attempt<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UnusableCheckpoint(messageOf(error));
  }
}
