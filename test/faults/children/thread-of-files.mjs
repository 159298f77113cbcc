// Which thread of this process `node:fs` works on, where it has only one.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The one that waits for the other end of a FIFO. */
export async function threadOfFiles() {
  const folder = await mkdtemp(join(tmpdir(), "tagformer-fifo-"));
  const fifo = join(folder, "fifo");
  spawnSync("mkfifo", [fifo]);
  const opening = open(fifo, "w");
  const waits = (thread) => readFileSync(`/proc/self/task/${thread}/wchan`, "utf8") === "wait_for_partner";
  let found;
  while (!found) found = readdirSync("/proc/self/task").find(waits);
  spawnSync("head", ["-c", "0", fifo]);
  await (await opening).close();
  await rm(folder, { recursive: true });
  return found;
}
