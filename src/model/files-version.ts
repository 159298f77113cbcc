// Telling one version of some files from another, by what the file system says of them.
import type { BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Names the version of those files of a directory that count: another string after any of them was replaced or written to;
 * `null` when there are none.
 */
export async function filesVersion(
  directory: string,
  counts: (name: string) => boolean,
): Promise<string | null> {
  const names = await readdir(directory).catch(() => []);
  const files = names.filter(counts).sort();
  const stats = await Promise.all(files.map((name) => statIfPresent(join(directory, name))));
  return files.length === 0 ? null : files.map((name, i) => `${name}:${identityOf(stats[i]!)}`).join(" ");
}

/** Names a version of a file, or a directory. Not its device: that of a network file system may be another one after a restart. */
export function identityOf(found: BigIntStats | null): string {
  return found === null
    ? "-"
    : found.isDirectory()
      ? `${found.ino}`
      : `${found.ino}-${found.size}-${found.mtimeNs}`;
}

export async function statIfPresent(path: string): Promise<BigIntStats | null> {
  return await stat(path, { bigint: true }).catch(() => null);
}
