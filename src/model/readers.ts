// Who reads a model directory keeps saves out, and a save waits for those who read: a kernel lock on the directory itself,
// shared by readers, which goes with their processes.
//
// Only a reader that met a save takes the lock, and each of them reads once while it holds it: so those for whom a save waits
// are as many as the save before has disturbed, and no new ones come. It waits as long as one of them works. A process that is
// stopped (Ctrl-Z) reads nothing: it is not waited for, and reads again when it goes on.
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { tryLock } from "../native/files.js";
import { statIfPresent } from "./files-version.js";

const pollMs = 10;
/** Readers of which the system does not tell the process, such as those of another machine, are waited for so long. */
const unknownReadersMs = 60_000;

/**
 * Keeps saves out of a model directory as it is now; waits for one that is being put in its place.
 *
 * @returns lets them in again
 */
export async function keepSavesOut(directory: string, signal?: AbortSignal): Promise<() => void> {
  for (;;) {
    const held = openIfThere(directory);
    if (held === null) return () => {};
    const result = await tryLock(held, false);
    // What was opened may have been replaced before it was locked: then the lock keeps nobody out.
    if (result === "unsupported" || (result === "taken" && (await isStillAt(directory, held))))
      return () => closeSync(held);
    closeSync(held);
    signal?.throwIfAborted();
    if (result === "held") await sleep(pollMs);
  }
}

/**
 * Changes a model directory while nobody reads it who keeps saves out; waits for that. Only for the holder of the directory's
 * lock (lock.ts), so that it is the one in place; `change` should take no longer than it must.
 */
export async function withoutReaders<T>(directory: string, change: () => Promise<T>): Promise<T> {
  const held = openIfThere(directory);
  if (held === null) return await change();
  try {
    await lockOutReaders(held);
    return await change();
  } finally {
    closeSync(held);
  }
}

async function lockOutReaders(descriptor: number): Promise<void> {
  const began = performance.now();
  while ((await tryLock(descriptor, true)) === "held") {
    const readers = readersOf(fstatSync(descriptor, { bigint: true }).ino);
    const waited = performance.now() - began;
    if (readers.length > 0 ? readers.every(isStopped) : waited > unknownReadersMs) return;
    await sleep(pollMs);
  }
}

/** `null` where there is nothing to open. */
export function openIfThere(directory: string): number | null {
  try {
    return openSync(directory, "r");
  } catch {
    return null;
  }
}

async function isStillAt(directory: string, descriptor: number): Promise<boolean> {
  const { ino, dev } = fstatSync(descriptor, { bigint: true });
  const found = await statIfPresent(directory);
  return found?.ino === ino && found.dev === dev;
}

/**
 * The processes that hold a lock on what has this inode number, as Linux lists them; none where it does not. One more, which
 * locks the same number on another device, is only waited for.
 */
function readersOf(inode: bigint): number[] {
  // Such as `1: FLOCK  ADVISORY  READ 1234 08:01:131090 0 EOF`.
  const line = /^\d+: FLOCK +\S+ +READ (\d+) [^:]+:[^:]+:(\d+) /gm;
  const found = [...procFile("locks").matchAll(line)].filter(([, , number]) => number === `${inode}`);
  // 0: a process that this container does not see.
  return found.map(([, process]) => Number(process)).filter((process) => process > 0);
}

/** Whether a process does nothing until somebody lets it go on. */
function isStopped(process: number): boolean {
  // The name, in brackets, may hold anything.
  return /\) T /.test(procFile(`${process}/stat`));
}

function procFile(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    return "";
  }
}
