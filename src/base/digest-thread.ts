// What runs on a digest's thread: the SHA-256 of a file, in whatever time others leave.
import { createHash } from "node:crypto";
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename } from "node:path";
import { workerData } from "node:worker_threads";
import { bytesAtOnce, type FileDigest } from "./digest.js";
import { reply } from "./thread.js";

await reply((): FileDigest => {
  giveWay();
  return digestOf(workerData as string);
});

/** On Linux a priority belongs to a thread, which has a number of its own (setpriority(2), proc(5)). */
function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Number(basename(readlinkSync("/proc/thread-self"))), constants.priority.PRIORITY_LOW);
  } catch {
    // It is read all the same, beside the others.
  }
}

function digestOf(file: string): FileDigest {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(bytesAtOnce);
  const descriptor = openSync(file, "r");
  try {
    let bytes = 0;
    for (let count = readSync(descriptor, block); count > 0; count = readSync(descriptor, block)) {
      hash.update(block.subarray(0, count));
      bytes += count;
    }
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    closeSync(descriptor);
  }
}
