// Which version of a model directory is there, and loading one version of it while others are saved.
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions } from "../base/cancel.js";
import { TagformerError } from "../base/errors.js";
import { tryLock } from "../native/files.js";
import { cardFile, isModelFile, isWeightsFile, replacedPath, reportFile } from "./file-names.js";
import { filesVersion, identityOf, statIfPresent } from "./files-version.js";

/**
 * A directory that changes for longer than this, and in this many attempts, is not waited for: where a machine has no time
 * for its processes, one attempt may take as long.
 */
const patienceMs = 60_000;
const fewestAttempts = 10;
/** A save that was interrupted between two renames leaves nothing in the place; another one would soon go on. */
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
 * The first attempt takes its chance. From the second on the directory is locked against saves (a shared lock of the kernel,
 * where the file system has them), which wait for that: so a load comes to its end beside a process that saves all the time.
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
    const held = holdOpen(directory);
    try {
      if (attempt > 0 && held !== null) await lockShared(held, started + patienceMs);
      const before = await modelVersion(directory);
      const outcome = await outcomeOf(read);
      const same = (await modelVersion(directory)) === before;
      const waited = performance.now() - started;
      if (same && (waited > renamesMs || !(await isBetweenRenames(directory, before))))
        return settle(outcome);
      if ("value" in outcome) await discard(outcome.value);
      signal?.throwIfAborted();
      if (waited > patienceMs && attempt + 1 >= fewestAttempts) throw keepsChanging(directory);
    } finally {
      if (held !== null) closeSync(held);
    }
    await sleep(attempt === 0 ? 0 : pollMs);
  }
}

/**
 * Waits until nobody reads a model directory who has asked for quiet, and keeps such readers out until the lock is closed;
 * after a few seconds a save goes on without.
 *
 * @returns gives the lock back
 */
export async function lockOutReaders(directory: string): Promise<() => void> {
  const held = holdOpen(directory);
  if (held === null) return () => {};
  const until = performance.now() + longestReadMs;
  while ((await tryLock(held, true)) === "held" && performance.now() < until) await sleep(pollMs);
  return () => closeSync(held);
}

const longestReadMs = 10_000;

/**
 * Opens a directory, or does without. While it is open no other directory gets its inode number, which tells versions apart.
 */
function holdOpen(directory: string): number | null {
  try {
    return openSync(directory, "r");
  } catch {
    return null;
  }
}

/** Tries for a shared lock until `until`. What was opened may have been replaced meanwhile: the versions tell. */
async function lockShared(descriptor: number, until: number): Promise<void> {
  while ((await tryLock(descriptor, false)) === "held" && performance.now() < until) await sleep(pollMs);
}

/** Whether nothing is there because a save that cannot exchange directories is between its two renames. */
async function isBetweenRenames(directory: string, version: string | null): Promise<boolean> {
  if (version !== null || (await statIfPresent(directory)) !== null) return false;
  return (await statIfPresent(replacedPath(directory))) !== null;
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
    `${directory} was replaced again and again while it was read, for more than ${patienceMs / 1000} s; load a copy of it`,
  );
}
