// Results that come piece by piece.
import { constants, createWriteStream } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Destination, destinationOf } from "../base/destination.js";
import { writeStreamTo } from "../base/special-file.js";
import { cannotWrite, writeWhole } from "../base/whole-file.js";
import { interruptedStatus, standardOutputFailed } from "./terminal.js";

/** Makes a result; `write` resolves when its text was taken, so that nothing piles up before a slow reader. */
type Produce = (write: (text: string) => Promise<void>) => Promise<void>;

/**
 * Writes to standard output, or to a file that appears under its name only when it is whole, or into what is no regular
 * file (a device, a FIFO, /dev/fd/63). Ctrl-C leaves no file behind.
 *
 * @throws TagformerError `IO` when the file cannot be written, `INVALID_OPTION` when it is a directory; what `produce` throws
 */
export async function writeOutput(path: string | undefined, produce: Produce): Promise<void> {
  if (path === undefined) return await produce((text) => writeText(process.stdout, text));
  const destination = await whereTo(path);
  if (destination.kind !== "file") return await writeInto(destination, path, produce);
  const leave = () => process.exit(interruptedStatus); // an exit listener removes the file
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    await writeWhole(path, (beside) => writeThrough(createWriteStream(beside), produce));
  } finally {
    process.off("SIGINT", leave).off("SIGTERM", leave);
  }
}

/**
 * Refuses an output path that cannot be written, before the work whose result would be lost.
 *
 * @throws TagformerError as {@link writeOutput}
 */
export async function checkOutput(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const destination = await whereTo(path);
  if (destination.kind !== "file") return;
  await access(dirname(destination.path), constants.W_OK).catch((error) => {
    throw cannotWrite(path, error);
  });
}

async function whereTo(path: string): Promise<Destination> {
  try {
    return await destinationOf(path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

async function writeInto(
  special: Exclude<Destination, { readonly kind: "file" }>,
  path: string,
  produce: Produce,
): Promise<void> {
  let stream: Writable | undefined;
  try {
    stream = await writeStreamTo(special);
    await writeThrough(stream, produce);
  } catch (error) {
    stream?.destroy();
    // A reader that has seen enough, such as `head`.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
    throw cannotWrite(path, error);
  }
}

async function writeThrough(stream: Writable, produce: Produce): Promise<void> {
  const closed = finished(stream);
  closed.catch(() => {});
  try {
    await produce((text) => Promise.race([writeText(stream, text), closed]));
    stream.end();
    await closed;
  } catch (error) {
    stream.destroy();
    await closed.catch(() => {}); // it may still have been opening
    throw error;
  }
}

function writeText(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (!error) resolve();
      else if (stream === process.stdout) standardOutputFailed(error);
      else reject(error);
    });
  });
}
