// What `node:fs` lacks: kernel locks, and two paths exchanged in one step.
import { constants } from "node:os";
import { TagformerError } from "../base/errors.js";
import { loadAddon } from "./addon.js";
import type { Addon } from "./types.js";

/** What became of the wish for a lock. */
export type LockResult =
  | "taken"
  /** Another open file holds it, of this process or another one. */
  | "held"
  /** The file system has no locks, or the add-on is not built. */
  | "unsupported";

/**
 * Takes a kernel lock (flock) on an open file, or does without; never waits. The lock goes with the file descriptor, and so
 * with the process at the latest, however it ends.
 *
 * @param descriptor of a file or directory
 * @param exclusive whether it excludes all other locks; otherwise only exclusive ones
 */
export async function tryLock(descriptor: number, exclusive: boolean): Promise<LockResult> {
  const addon = await addonIfBuilt();
  if (addon === null) return "unsupported";
  const errno = addon.lockFile(descriptor, exclusive);
  if (errno === 0) return "taken";
  return errno === constants.errno.EAGAIN || errno === constants.errno.EWOULDBLOCK ? "held" : "unsupported";
}

/**
 * Exchanges two paths, so that neither is missing at any moment.
 *
 * @returns `false` where the system or the file system cannot, and nothing has changed
 */
export async function exchangePaths(one: string, other: string): Promise<boolean> {
  const addon = await addonIfBuilt();
  return addon !== null && addon.exchangePaths(one, other) === 0;
}

async function addonIfBuilt(): Promise<Addon | null> {
  try {
    return await loadAddon();
  } catch (error) {
    if (error instanceof TagformerError) return null;
    throw error;
  }
}
