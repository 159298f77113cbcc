// Files that are written whole: whatever happens meanwhile, the old file or the new one is there.
import { createHash, randomUUID } from "node:crypto";
import { fsync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { chmod, chown, type FileHandle, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { destinationOf } from "./destination.js";
import { cannot } from "./errors.js";
import { isRunning } from "./running-process.js";
import { fillSpecialFile } from "./special-file.js";

/** A file that a killed process left is removed after this time, even where it is not known that its process is gone. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;
/** Bytes of a file name that leave room for what {@link pathBeside} adds: file systems end at 255. */
const longestStem = 180;

interface WholeFileOptions {
  /** Ends the writing; what was there before then still is. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has `fill` write a file beside `file`, flushes it to the disk and renames it: `file` is the old one or the new one,
 * whole, even when the machine loses its power. Links are followed and stay links. What is no regular file (a device, a
 * FIFO, a socket, /dev/stdout) is written into once its content is whole. Missing directories are made.
 *
 * @param fill writes the path that it is given; what it returns is returned
 * @throws TagformerError `IO` when it cannot be written, `INVALID_OPTION` when it is a directory or a disk; what `fill`
 * throws; or the reason of the signal, which `fill` obeys
 */
export async function writeWhole<T>(
  file: string,
  fill: (path: string) => Promise<T>,
  { signal }: WholeFileOptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  try {
    const destination = await destinationOf(file);
    if (destination.kind !== "file") return await fillSpecialFile(destination, fill);
    return await replaceFile(destination.path, fill);
  } catch (error) {
    signal?.throwIfAborted();
    throw cannotWrite(file, error);
  }
}

/** {@link writeWhole} with a text. */
export function writeWholeText(file: string, text: string): Promise<void> {
  return writeWhole(file, (path) => writeFile(path, text));
}

/** An error of the system as `IO`, with the file's name; other errors as they are. */
export function cannotWrite(file: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException | null)?.syscall === undefined) return error;
  return cannot(`write ${file}`, error);
}

/** A path beside a file to write its next version to; {@link removeLeftovers} knows it by its name. */
export function pathBeside(target: string): string {
  return join(dirname(target), `.${stemOf(target)}.writing-${machine()}-${process.pid}-${randomUUID()}`);
}

/** Flushes a written file, gives it the permissions of the one that it replaces, and renames it. */
async function putInPlace(beside: string, target: string): Promise<void> {
  await flush(beside);
  await keepOwner(beside, target);
  await rename(beside, target);
  await flushDirectory(dirname(target));
}

/** Waits until the bytes of a file are on the disk. */
export async function flush(file: string): Promise<void> {
  const handle = await open(file, "r");
  try {
    await flushHandle(handle);
  } finally {
    await handle.close();
  }
}

/** Waits until what was written through a handle is on the disk. */
export async function flushHandle(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Handles of Yarn's Plug'n'Play cannot ("Method not implemented", Yarn 4.18), but their descriptors are real.
    if (code === undefined) await promisify(fsync)(handle.fd);
    // Node.js 24 and newer refuse it to every process with --permission, whatever that may write.
    else if (code === "ERR_ACCESS_DENIED") warnOfNoFlush();
    else throw error;
  }
}

let warned = false;

function warnOfNoFlush(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    "tagformer cannot flush files to the disk, which Node.js denies with --permission: after a loss of power a model or checkpoint that was just saved may be damaged",
  );
}

/** Waits until the names in a directory are on the disk, where its file system can tell. */
export async function flushDirectory(directory: string): Promise<void> {
  await flush(directory).catch((error: NodeJS.ErrnoException) => {
    if (!["EINVAL", "ENOTSUP", "EBADF", "EISDIR"].includes(error.code ?? "")) throw error;
  });
}

/** Gives `path` the permissions of what it will replace, and its owner where this process may. */
export async function keepOwner(path: string, replaced: string): Promise<void> {
  const old = await stat(replaced).catch(() => null);
  if (old === null) return;
  await chmod(path, old.mode & 0o7777);
  const { uid, gid } = await stat(path);
  if (uid !== old.uid || gid !== old.gid) await chown(path, old.uid, old.gid).catch(() => {});
}

/** What killed processes left beside the files of a directory; with `target`, only what was to become that file. */
export async function removeLeftovers(directory: string, target?: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const found = leftover.exec(name);
    if (found === null || (target !== undefined && found[1] !== stemOf(target))) continue;
    const path = join(directory, name);
    if (await isAbandoned(path, found[2]!, Number(found[3]))) await rm(path, { force: true });
  }
}

/** Whether a file name is one that {@link pathBeside} or an older tagformer made. */
export function isLeftover(name: string): boolean {
  return leftover.test(name) || olderLeftover.test(name);
}

const leftover = /^\.(.+)\.writing-([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}$/;
const olderLeftover = /\.writing-[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** The file's name, or a digest of it where the name of a file beside it would become too long. */
function stemOf(target: string): string {
  const name = basename(target);
  return Buffer.byteLength(name) <= longestStem ? name : digest(name);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

async function isAbandoned(path: string, writer: string, pid: number): Promise<boolean> {
  if (writer === machine() && !isRunning(pid)) return true;
  const found = await stat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > abandonedAfterMs;
}

let machineOfProcess: string | undefined;

/** Eight hexadecimal digits for what numbers processes: this machine since its start, or one of its containers. */
function machine(): string {
  machineOfProcess ??= digest(processNumbering());
  return machineOfProcess;
}

function processNumbering(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8") + readlinkSync("/proc/self/ns/pid");
  } catch {
    return hostname();
  }
}

/** Files that are being written; process.exit() runs no `finally`. */
const unfinished = new Set<string>();
process.on("exit", () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

async function replaceFile<T>(target: string, fill: (path: string) => Promise<T>): Promise<T> {
  await removeLeftovers(dirname(target), target).catch(() => {}); // of others, and no reason to fail
  const beside = pathBeside(target);
  unfinished.add(beside);
  try {
    const result = await fill(beside);
    await putInPlace(beside, target);
    return result;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}); // the first error says more
    throw error;
  } finally {
    unfinished.delete(beside);
  }
}
