// SHA-256 of what may be too large for the memory.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { runThread } from "./thread.js";

/** Bytes that are read, and hashed in one turn of the event loop: well under a millisecond. */
export const bytesAtOnce = 2 ** 20;

/** What a file has in it. */
export interface FileDigest {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** {@link digestOfFile} on a thread that gives way to all others: a training does not wait for it. */
export function digestBeside(file: string): Promise<FileDigest> {
  return runThread({ file: "digest-thread", title: "the thread of a digest", workerData: file });
}

/** The digest of a file that may be too large for the memory. */
export async function digestOfFile(file: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: bytesAtOnce }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The SHA-256 of some texts and arrays, in order; each counts with its length. */
export function digestOf(parts: Iterable<string | Int32Array | Float32Array>): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    hash.update(`${bytes.byteLength}:`).update(bytes);
  }
  return hash.digest("hex");
}
