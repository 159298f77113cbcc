// One writer at a time for a model directory: a kernel lock on a file beside it, which goes with its process.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { followLinks } from "../base/destination.js";
import { makeDirectories } from "../base/directories.js";
import { cannot, messageOf, TagformerError } from "../base/errors.js";
import { tryLock } from "../native/files.js";

/** What a directory is locked for: a run refuses others at once, a save is soon over. */
type Purpose = "training" | "saving";

/** Who writes a model directory, as its lock file says. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  readonly purpose: Purpose;
}

const pollMs = 50;
/** A save that takes longer is refused to those who wait: its process may be stopped. */
const longestSaveMs = 120_000;

/** The right to write a model directory; {@link DirectoryLock.release} gives it back, and so does the end of the process. */
export class DirectoryLock implements AsyncDisposable {
  /** The directory, absolute and without links; it need not be there. */
  readonly target: string;
  /** Why nothing keeps other processes out; `null` where the lock holds. */
  readonly weakness: string | null;
  #release: (() => void) | undefined;

  constructor(target: string, release: (() => void) | undefined, weakness: string | null) {
    this.target = target;
    this.weakness = weakness;
    this.#release = release;
    if (release) held.add(release);
  }

  release(): void {
    if (!this.#release) return;
    held.delete(this.#release);
    this.#release();
    this.#release = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

/** process.exit() runs no `finally`. The locks go by themselves then, but not their files. */
const held = new Set<() => void>();
process.on("exit", () => {
  for (const release of held) release();
});

/**
 * Locks a model directory, whether or not it is there; waits for a save that is under way.
 *
 * The lock is the kernel's, so that it is gone with its process however that ends, and no process number has to be trusted.
 * Over NFS it holds between machines where the server has locks. Where a file system has none, or where the directory
 * above may not be written to (so that no model can be saved either), there is only {@link DirectoryLock.weakness}.
 *
 * @throws TagformerError `OUTPUT_IN_USE` when a training run writes there, naming its process
 */
export async function lockDirectory(directory: string, purpose: Purpose): Promise<DirectoryLock> {
  const { target, made } = await placeOf(directory);
  const file = lockFileOf(target);
  const until = performance.now() + longestSaveMs;
  for (;;) {
    const found = await take(file, purpose);
    if (typeof found === "string") return new DirectoryLock(target, undefined, found);
    if (typeof found === "number") {
      return new DirectoryLock(
        target,
        () => release(file, found, made === undefined ? undefined : [target, made]),
        null,
      );
    }
    const holder = await readHolder(file);
    if (holder?.purpose === "training" || performance.now() > until) throw inUse(directory, holder);
    await sleep(pollMs);
  }
}

/** Who writes a model directory now; `null` when none does, or its lock file says nothing. */
export async function holderOf(directory: string): Promise<Holder | null> {
  const target = await followLinks(directory);
  const file = lockFileOf(target);
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return null;
  }
  try {
    return (await tryLock(descriptor, false)) === "held" ? await readHolder(file) : null;
  } finally {
    closeSync(descriptor);
  }
}

function lockFileOf(target: string): string {
  return join(dirname(target), `.${basename(target)}.lock`);
}

/** Where a directory is or will be, and the first of the directories above it that had to be made. */
async function placeOf(directory: string): Promise<{ target: string; made: string | undefined }> {
  try {
    const target = await followLinks(directory);
    return { target, made: await makeDirectories(dirname(target)) };
  } catch (error) {
    throw cannotSaveTo(directory, error);
  }
}

/** The descriptor of the locked file; `null` when another one holds it; or why there can be no lock. */
async function take(file: string, purpose: Purpose): Promise<number | string | null> {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
  } catch (error) {
    return `no lock can be made beside it (${messageOf(error)})`;
  }
  const result = await tryLock(descriptor, true);
  if (result === "taken" && isStill(file, descriptor)) {
    write(descriptor, {
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
      purpose,
    });
    return descriptor;
  }
  if (result === "unsupported") rmSync(file, { force: true });
  closeSync(descriptor);
  if (result === "unsupported") return "its file system has no locks";
  // Its last holder may have removed the file between the opening and the locking of it.
  return result === "taken" ? await take(file, purpose) : null;
}

function isStill(file: string, descriptor: number): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  const { ino, dev } = fstatSync(descriptor);
  return found?.ino === ino && found.dev === dev;
}

function write(descriptor: number, holder: Holder): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${JSON.stringify(holder)}\n`, 0);
  } catch {
    // A full disk: the lock holds all the same, and only the message of those who are refused says less.
  }
}

function release(file: string, descriptor: number, made: readonly [string, string] | undefined): void {
  try {
    // Before the lock is given up: the next one makes a file of its own.
    rmSync(file, { force: true });
  } catch {
    // The file is no lock: one that stays does no harm.
  }
  closeSync(descriptor);
  if (made) removeEmpty(...made);
}

/** Removes the directories above `target`, up to `first`, that were made for the lock and hold nothing. */
function removeEmpty(target: string, first: string): void {
  try {
    for (let path = dirname(target); path.length >= first.length; path = dirname(path)) rmdirSync(path);
  } catch {
    // one that is in use
  }
}

/** Who holds the lock; `null` when that cannot be read. Its holder writes it at once, but after it has the lock. */
async function readHolder(file: string): Promise<Holder | null> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return JSON.parse(readFileSync(file, "utf8")) as Holder;
    } catch {
      await sleep(pollMs / 5);
    }
  }
  return null;
}

function inUse(directory: string, holder: Holder | null): TagformerError {
  const work = holder?.purpose === "saving" ? "save" : "training run";
  const who = holder
    ? `a ${work} of ${nameOf(holder)}, since ${holder.since}`
    : "another process, whose lock file cannot be read";
  return new TagformerError(
    "OUTPUT_IN_USE",
    `${directory} is being written by ${who}; choose another directory, or wait until that has ended`,
  );
}

function nameOf({ pid, host }: Holder): string {
  if (host !== hostname()) return `process ${pid} on ${host}`;
  return pid === process.pid ? `this process (${pid})` : `process ${pid}`;
}

/** Why no model can be saved to a directory: an error of ours as it is, any other as `IO`. */
export function cannotSaveTo(directory: string, error: unknown): TagformerError {
  if (error instanceof TagformerError) return error;
  return cannot(`save a model to ${directory}`, error, "choose another output directory");
}
