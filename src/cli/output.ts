// Results that come piece by piece.
import { createWriteStream, rmSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { messageOf, TagformerError } from "../errors.js";
import { interruptedStatus } from "./terminal.js";

/**
 * Writes to standard output, or to a file that appears under its name only when it is whole. `write` resolves when its
 * text was taken, so that nothing piles up before a slow reader. Ctrl-C leaves no file behind.
 *
 * @throws TagformerError `IO` when the file cannot be written; what `produce` throws
 */
export async function writeOutput(
  path: string | undefined,
  produce: (write: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (path === undefined) return produce((text) => writeText(process.stdout, text));
  const beside = `${path}.writing-${process.pid}`;
  const stream = createWriteStream(beside, { flush: true });
  const closed = finished(stream);
  closed.catch(() => {});
  // Ctrl-C ends the command without passing any `catch`.
  const remove = () => rmSync(beside, { force: true });
  const leave = () => process.exit(interruptedStatus);
  process.once("exit", remove).once("SIGINT", leave).once("SIGTERM", leave);
  try {
    await produce((text) => Promise.race([writeText(stream, text), closed]));
    stream.end();
    await closed;
    await rename(beside, path);
  } catch (error) {
    stream.destroy();
    await closed.catch(() => {}); // it may still have been opening
    await rm(beside, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new TagformerError("IO", `cannot write ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    process.off("exit", remove).off("SIGINT", leave).off("SIGTERM", leave);
  }
}

function writeText(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
