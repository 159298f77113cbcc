// Git LFS pointers: what a clone without Git LFS holds in place of large files.
import { invalidModel } from "../base/errors.js";

/** A pointer is shorter than that (git-lfs, docs/spec.md). */
export const maxPointerBytes = 1024;

const pointer = /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v\d/;

/** A commit's folder in the cache of the hub's models. */
const inCache = /[\\/]snapshots[\\/][0-9a-f]{40}[\\/]/;

/**
 * Refuses the content of a file that is a Git LFS pointer.
 *
 * @param content the file, or at least its first {@link maxPointerBytes}
 * @throws TagformerError `INVALID_MODEL`, saying how to fetch the file itself
 */
export function refuseLfsPointer(file: string, content: Buffer): void {
  const start = content.subarray(0, maxPointerBytes).toString("latin1");
  if (!pointer.test(start)) return;
  const size = /^size (\d+)$/m.exec(start)?.[1];
  const whole = size === undefined ? "the file itself" : `the file itself, which has ${size} bytes`;
  const advice = inCache.test(file)
    ? "the hub has nothing else at this revision, so name another one (name@REVISION), or another model"
    : "to fetch it, type in that folder: git lfs install && git lfs pull";
  throw invalidModel(`${file} is a Git LFS pointer, not ${whole}; ${advice}`);
}
