// What the cache holds that nobody uses: add-ons of other versions, the libtorch of none, folders of old builds.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { counted } from "../base/counted.js";
import { findBuiltAddon } from "./built-addon.js";
import {
  addonDirectory,
  addonName,
  type BuildRecord,
  buildDirectory,
  buildRecordName,
  cacheDirectory,
  cudaLibraryName,
} from "./locations.js";

/** A folder of the cache. */
export interface CachedFolder {
  readonly path: string;
  readonly bytes: number;
  /** Why it stays; `null` where nothing uses it. */
  readonly keptBecause: string | null;
}

export interface CleanOptions {
  /** What was used or made in the last so many days stays. */
  readonly days: number;
}

/** Younger than this, in days: a set-up that runs may be about to use it. */
const justMade = 0.1;
const msPerDay = 86_400_000;

/**
 * The folders that setup made in the cache. Others in it (the environments of the project's own tests) are not looked at.
 *
 * An add-on is used by this tagformer, by a process that has it in memory, or as long as something has read it in the last days:
 * another project may have another version. A libtorch is used by an add-on that stays.
 */
export function inspectCache({ days }: CleanOptions): CachedFolder[] {
  const mapped = mappedFiles();
  const lately = `it was used in the last ${counted(days, "day")}`;
  const recently = (path: string) => usedDaysAgo(path) <= Math.max(days, justMade);
  const reasonOf = (folder: string, file: string, isOurs: boolean): string | null => {
    if (isOurs) return "this tagformer uses it";
    if ([...mapped].some((path) => path.startsWith(`${folder}/`))) return "a running process uses it";
    return recently(file) ? lately : null;
  };
  const ours = findBuiltAddon()?.file;
  const addons = foldersIn("addon").map((folder) => {
    const file = join(folder, addonName);
    return described(folder, reasonOf(folder, file, folder === addonDirectory()));
  });
  const prebuilt = foldersIn("prebuilt").map((folder) =>
    described(folder, reasonOf(folder, folder, ours?.startsWith(`${folder}/`) ?? false)),
  );
  const builds = foldersIn("build").map((folder) =>
    described(folder, folder === buildDirectory() || recently(folder) ? lately : null),
  );
  const records = addons.flatMap(({ path, keptBecause }) => (keptBecause === null ? [] : recordOf(path)));
  const libtorches = foldersIn("libtorch").map((folder) => {
    const isLinked = records.some(({ torchDirectory }) => torchDirectory.startsWith(`${folder}/`));
    return described(folder, isLinked ? "an add-on that stays uses it" : reasonOf(folder, folder, false));
  });
  const hasCuda = addons.some(
    ({ path, keptBecause }) => keptBecause !== null && existsSync(join(path, cudaLibraryName)),
  );
  const headers = foldersIn("cuda-headers").map((folder) =>
    described(folder, hasCuda ? "an add-on that stays uses it" : reasonOf(folder, folder, false)),
  );
  return [...addons, ...prebuilt, ...builds, ...libtorches, ...headers];
}

/** Removes a folder that {@link inspectCache} found unused, with the lock beside it. */
export function removeCached({ path }: CachedFolder): void {
  rmSync(path, { recursive: true, force: true });
  rmSync(`${path}.lock`, { force: true });
}

function foldersIn(kind: string): string[] {
  const parent = join(cacheDirectory(), kind);
  if (!existsSync(parent)) return [];
  return readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(parent, entry.name)] : [],
  );
}

function described(path: string, keptBecause: string | null): CachedFolder {
  return { path, bytes: bytesIn(path), keptBecause };
}

/** Links are counted, not followed. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** When a file was last read or written; file systems that do not note reading tell of writing alone. */
function usedDaysAgo(path: string): number {
  if (!existsSync(path)) return Number.POSITIVE_INFINITY;
  const { atimeMs, mtimeMs } = statSync(path);
  return (Date.now() - Math.max(atimeMs, mtimeMs)) / msPerDay;
}

function recordOf(folder: string): BuildRecord[] {
  const file = join(folder, buildRecordName);
  return existsSync(file) ? [JSON.parse(readFileSync(file, "utf8")) as BuildRecord] : [];
}

/** The files of the cache that processes of this machine have in memory, as far as this user may know. */
function mappedFiles(): Set<string> {
  const files = new Set<string>();
  if (!existsSync("/proc/self/maps")) return files;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const line of mapsOf(pid).split("\n")) {
      const path = line.slice(line.indexOf("/"));
      if (path.startsWith(cacheDirectory())) files.add(path);
    }
  }
  return files;
}

function mapsOf(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "maps"), "utf8");
  } catch {
    return ""; // it has ended, or belongs to somebody else
  }
}
