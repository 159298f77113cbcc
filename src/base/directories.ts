// Directories with those above them. Node's own recursive mkdir never returns where the file system answers ENOENT to new
// entries of a directory that is there, as /proc does (seen with Node 20.20).
import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isMissing } from "./errors.js";

/**
 * Makes `directory` and what is missing above it.
 *
 * @returns the uppermost that was missing, `undefined` where nothing was
 */
export async function makeDirectories(directory: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let path = resolve(directory); !(await isDirectory(path)); path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      await mkdir(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST" || !(await isDirectory(path))) throw error; // another process was faster
    }
  }
  return missing[0];
}

/** {@link makeDirectories} for steps that wait in any case, such as setup's. */
export function makeDirectoriesSync(directory: string): void {
  if (isDirectorySync(directory)) return;
  if (dirname(directory) !== directory) makeDirectoriesSync(dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !isDirectorySync(directory)) throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), notThere);
}

function isDirectorySync(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    return notThere(error);
  }
}

function notThere(error: unknown): false {
  if (isMissing(error)) return false;
  throw error;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
