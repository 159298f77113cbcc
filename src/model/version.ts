// Which version of a model directory is there, and loading one version of it while others are saved.
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../base/cancel.js";
import { TagformerError } from "../base/errors.js";
import { cardFile, isModelFile, isWeightsFile, replacedPath, reportFile } from "./file-names.js";
import { filesVersion, identityOf, statIfPresent } from "./files-version.js";
import { holderOf } from "./lock.js";
import { keepSavesOut, openIfThere } from "./readers.js";

/**
 * A directory that changes although saves are kept out, in this many attempts and for longer than this, is written by another
 * program, or lies where there are no locks.
 */
const fewestAttempts = 10;
const patienceMs = 60_000;
/** A save that was interrupted between two renames leaves nothing in the place; where there are no locks only time tells. */
const renamesMs = 2000;
const pollMs = 10;

/**
 * Names the weights in a directory: another string after any of their files was replaced or written to. `null` when there
 * are none.
 */
export async function weightsVersion(directory: string): Promise<string | null> {
  return await filesVersion(directory, isWeightsFile);
}

/** Whether two paths lead to one directory. */
export async function isSameDirectory(one: string, other: string): Promise<boolean> {
  const [first, second] = [await statIfPresent(one), await statIfPresent(other)];
  return first !== null && second !== null && first.ino === second.ino && first.dev === second.dev;
}

/** Names all files of a model that a load reads. */
async function modelVersion(directory: string): Promise<string | null> {
  const found = await filesVersion(
    directory,
    (name) => isModelFile(name) && name !== cardFile && name !== reportFile,
  );
  // The directory too: a version that lies in another one is another version.
  return found && `${found} in ${identityOf(await statIfPresent(directory))}`;
}

/**
 * Has `read` read a model directory until it has read one version of it: when another one was saved meanwhile, it reads again.
 *
 * The first attempt takes its chance. From the second on saves are kept out (readers.ts): a load meets one save at most, and
 * comes to its end beside a process that saves all the time, however slow either of them is.
 *
 * @param discard gives back what was read of two versions
 * @throws what `read` throws of one version; the signal's reason; TagformerError `IO` when the directory never stops changing
 */
export async function readOneVersion<T>(
  directory: string,
  read: () => Promise<T>,
  discard: (value: T) => Promise<void> = async () => {},
  { signal }: CallOptions = {},
): Promise<T> {
  const started = performance.now();
  for (let attempt = 0; ; attempt++) {
    const letSavesIn = attempt === 0 ? holdOpen(directory) : await keepSavesOut(directory, signal);
    try {
      const before = await modelVersion(directory);
      const outcome = await outcomeOf(read);
      const same = (await modelVersion(directory)) === before;
      const waited = performance.now() - started;
      if (same && !(await isBetweenRenames(directory, before, waited))) return settle(outcome);
      if ("value" in outcome) await discard(outcome.value);
      signal?.throwIfAborted();
      if (waited > patienceMs && attempt + 1 >= fewestAttempts) throw keepsChanging(directory);
    } finally {
      letSavesIn();
    }
    await sleep(attempt === 0 ? 0 : pollMs);
  }
}

/**
 * Opens a directory, or does without; returns what closes it. While it is open no other directory gets its inode number, which
 * tells versions apart.
 */
function holdOpen(directory: string): () => void {
  const held = openIfThere(directory);
  return () => {
    if (held !== null) closeSync(held);
  };
}

/** Whether nothing is there because a save that cannot exchange directories is between its two renames. */
async function isBetweenRenames(directory: string, version: string | null, waited: number): Promise<boolean> {
  if (version !== null || (await statIfPresent(directory)) !== null) return false;
  if ((await statIfPresent(replacedPath(directory))) === null) return false;
  return waited <= renamesMs || (await holderOf(directory)) !== null;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

async function outcomeOf<T>(read: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error };
  }
}

function settle<T>(outcome: Outcome<T>): T {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

function keepsChanging(directory: string): TagformerError {
  return new TagformerError(
    "IO",
    `${directory} was changed again and again while it was read, for more than ${patienceMs / 1000} s, by something that does not wait for those who read; load a copy of it`,
  );
}
