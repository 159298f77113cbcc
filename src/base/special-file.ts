// Writing into what is no regular file.
import { constants, createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Destination } from "./destination.js";

/** Everything but a regular file. */
export type SpecialFile = Exclude<Destination, { readonly kind: "file" }>;

/** A stream into it; a FIFO begins to take bytes when a reader has opened it. */
export async function writeStreamTo(special: SpecialFile): Promise<Writable> {
  switch (special.kind) {
    case "socket":
      return createConnection(special.path).resume();
    case "descriptor":
      return createWriteStream("", { fd: special.descriptor, autoClose: false });
    case "device":
      // Without O_CREAT and O_TRUNC: the node is there, and Linux refuses the former for FIFOs in a shared /tmp.
      return (await open(special.path, constants.O_WRONLY)).createWriteStream();
  }
}

/** Has `fill` write a temporary file, and copies that into `special` when it is whole. */
export async function fillSpecialFile<T>(
  special: SpecialFile,
  fill: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "tagformer-"));
  try {
    const path = join(folder, "output");
    const result = await fill(path);
    await pipeline(createReadStream(path), await writeStreamTo(special));
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
