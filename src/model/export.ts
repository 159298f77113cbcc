// A trained model in one file, for other programs.
import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, TagformerError } from "../errors.js";
import type { CallOptions } from "../native/types.js";

/**
 * Has `write` fill a file beside `file`, flushes it and renames it: `file` is the old one or the new one, whole.
 *
 * @throws TagformerError `IO` when it cannot be written, `INVALID_OPTION` when it is a directory; what `write` throws; or
 * the reason of the signal, which `write` obeys
 */
export async function writeWhole<T>(
  file: string,
  write: (path: string) => Promise<T>,
  { signal }: CallOptions = {},
): Promise<T> {
  signal?.throwIfAborted();
  const target = resolve(file);
  const beside = join(dirname(target), `.${basename(target)}.writing-${randomUUID()}`);
  if ((await stat(target).catch(() => null))?.isDirectory()) {
    throw new TagformerError(
      "INVALID_OPTION",
      `${file} is a directory; expected the name of a file to write`,
    );
  }
  try {
    await mkdir(dirname(target), { recursive: true });
    const result = await write(beside);
    await flush(beside);
    await rename(beside, target);
    await flush(dirname(target));
    return result;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}); // the first error says more
    signal?.throwIfAborted();
    if (error instanceof TagformerError) throw error;
    throw new TagformerError("IO", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
