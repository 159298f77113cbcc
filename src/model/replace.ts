// A new model directory takes the place of the old one, and a killed save is brought to its end.
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { flushDirectory, isLeftover } from "../base/whole-file.js";
import { exchangePaths } from "../native/files.js";
import { cardFile, cardMark, isModelFile, lastDirectory, replacedPath, tagformerFile } from "./file-names.js";
import { withoutReaders } from "./readers.js";

/** A directory beside `target` in which a new model is made. */
export function savingPath(target: string, id: string): string {
  return `${savingPrefix(target)}${id}`;
}

function savingPrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.saving-`);
}

/**
 * A directory that is exchanged with the one that has this inode number: until then it holds the new model, and from then on,
 * with that number its own, the old one.
 */
function exchangePath(target: string, inode: bigint): string {
  return `${exchangePrefix(target)}${inode}`;
}

function exchangePrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.exchange-`);
}

/** Puts a complete model directory into its place. What is in the old one and no part of a model moves into the new one. */
export async function putInPlace(beside: string, target: string): Promise<void> {
  const inode = await inodeOf(target);
  if (inode === null) {
    await rename(beside, target);
    await flushDirectory(dirname(target));
    return;
  }
  const old = (await exchange(beside, target, inode)) ?? (await renameTwice(beside, target));
  await flushDirectory(dirname(target));
  await retire(old, target);
}

/** Where the old directory is then; `null` where directories cannot be exchanged, and nothing has changed. */
async function exchange(beside: string, target: string, inode: bigint): Promise<string | null> {
  const waiting = exchangePath(target, inode);
  await rename(beside, waiting);
  try {
    await flushDirectory(dirname(target)); // the name must be on the disk before the exchange is
    if (await withoutReaders(target, () => exchangePaths(waiting, target))) return waiting;
  } catch (error) {
    await rename(waiting, beside);
    throw error;
  }
  await rename(waiting, beside);
  return null;
}

/** For file systems without an exchange, such as NFS: for a moment nothing is in the place. */
async function renameTwice(beside: string, target: string): Promise<string> {
  const replaced = replacedPath(target);
  await withoutReaders(target, async () => {
    await rename(target, replaced);
    try {
      await rename(beside, target);
    } catch (error) {
      await rename(replaced, target);
      throw error;
    }
  });
  return replaced;
}

/**
 * Brings a killed save to its end, if there was one: back when the new model is not in its place, otherwise forward. Only for
 * the holder of the directory's lock.
 */
export async function finishInterruptedSave(target: string): Promise<void> {
  const parent = dirname(target);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (path.startsWith(savingPrefix(target))) await rm(path, { recursive: true, force: true });
    if (!path.startsWith(exchangePrefix(target))) continue;
    const isOld = path === exchangePath(target, (await inodeOf(path)) ?? -1n);
    if (isOld) await retire(path, target);
    else await rm(path, { recursive: true, force: true });
  }
  const replaced = replacedPath(target);
  if ((await inodeOf(replaced)) === null) return;
  if ((await inodeOf(target)) === null) await rename(replaced, target);
  else await retire(replaced, target);
}

/** Deletes a replaced model directory, after moving what is no part of its model into its successor. */
async function retire(old: string, target: string): Promise<void> {
  for (const name of await readdir(old)) {
    if (!(await goesWithItsModel(old, name, target))) await rename(join(old, name), join(target, name));
  }
  await rm(old, { recursive: true });
}

async function goesWithItsModel(old: string, name: string, target: string): Promise<boolean> {
  if (name === cardFile) return await isReplaced(old, target);
  if (name === lastDirectory) return (await inodeOf(join(old, name, tagformerFile))) !== null;
  return isModelFile(name) || isLeftover(name) || ofLastDirectory.test(name);
}

/** What a killed save of the weights of a stopped run leaves. */
const ofLastDirectory = new RegExp(`^\\.${lastDirectory}\\.(lock|replaced|saving-.+|exchange-\\d+)$`);

/** Whether a new model card replaces the old one: not where a user has edited it. */
async function isReplaced(old: string, target: string): Promise<boolean> {
  const isOurs = (await readFile(join(old, cardFile), "utf8")).includes(cardMark);
  return isOurs && (await inodeOf(join(target, cardFile))) !== null;
}

/** `null` when nothing is there. */
async function inodeOf(path: string): Promise<bigint | null> {
  return (await stat(path, { bigint: true }).catch(() => null))?.ino ?? null;
}
