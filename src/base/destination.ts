// What an output path means: a file to replace, or something that is no file and is written into.
import type { Stats } from "node:fs";
import { fstatSync } from "node:fs";
import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { invalidOption, TagformerError } from "./errors.js";

/** Where bytes go that are written to an output path. */
export type Destination =
  /** A regular file, or nothing yet; `path` has no link left to follow. */
  | { readonly kind: "file"; readonly path: string }
  /** A character device or a FIFO. */
  | { readonly kind: "device"; readonly path: string }
  /** A Unix socket that another process listens on. */
  | { readonly kind: "socket"; readonly path: string }
  /** A file that this process has open already: /dev/stdout, /dev/fd/63 of a process substitution. */
  | { readonly kind: "descriptor"; readonly descriptor: number };

/** As many links as Linux follows. */
const mostLinks = 40;

/**
 * Follows links to what is there, or will be.
 *
 * @throws TagformerError `INVALID_OPTION` for a directory, and for a disk, which is never overwritten; the errors of `node:fs`
 */
export async function destinationOf(file: string): Promise<Destination> {
  const path = await followLinks(file);
  const descriptor = ownDescriptor(path);
  if (descriptor !== null) {
    fstatSync(descriptor); // throws where it is not open
    return { kind: "descriptor", descriptor };
  }
  const found = await statIfPresent(path);
  if (found === null || found.isFile()) return { kind: "file", path };
  if (found.isSocket()) return { kind: "socket", path };
  if (found.isCharacterDevice() || found.isFIFO()) return { kind: "device", path };
  throw invalidOption(`${file} is ${nameOfKind(found)}; expected the name of a file to write`);
}

/** What a path that exists is, for messages. */
export function nameOfKind(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isDirectory()) return "a directory";
  if (found.isBlockDevice()) return "a disk (block device)";
  if (found.isCharacterDevice()) return "a device";
  if (found.isFIFO()) return "a FIFO";
  return found.isSocket() ? "a socket" : "no regular file";
}

/**
 * The path that a path leads to, absolute and without links, whether or not anything is there yet. Links in /proc that
 * stand for open files are not followed.
 */
export async function followLinks(file: string): Promise<string> {
  let path = resolve(file);
  for (let links = 0; links < mostLinks; links++) {
    const directory = dirname(path);
    path = join(await realpath(directory).catch(() => directory), basename(path));
    if (ownDescriptor(path) !== null) return path;
    const found = await statIfPresent(path);
    if (!found?.isSymbolicLink()) return path;
    path = resolve(dirname(path), await readlink(path));
  }
  throw new TagformerError("IO", `${file} is a link that leads to itself`);
}

/** The number of an open file of this process that a path such as /proc/123/fd/1 stands for. */
function ownDescriptor(path: string): number | null {
  const [, pid, descriptor] = /^(?:\/proc\/(\d+)|\/dev)\/fd\/(\d+)$/.exec(path) ?? [];
  const isOwn = pid === undefined || Number(pid) === process.pid;
  return descriptor !== undefined && isOwn ? Number(descriptor) : null;
}

async function statIfPresent(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}
