// Saves a model once it is told to, and says how that ended. First it says which of its threads `node:fs` works on.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Classifier } from "../../../dist/index.js";

const [model, target] = process.argv.slice(2);
const classifier = await Classifier.load(model, { threads: 1 });

/** The one that waits for the other end of a FIFO. */
async function threadOfFiles() {
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

process.once("message", async () => {
  let outcome = "saved";
  try {
    await classifier.save(target);
  } catch (error) {
    outcome = error.code === "IO" ? "IO" : `${error.stack}`;
  }
  process.send(outcome, () => process.exit());
});
// What libtorch reads of the system when it first works is read by now: faults are to come to the save.
const first = await mkdtemp(join(tmpdir(), "tagformer-first-"));
await classifier.save(join(first, "model"));
await rm(first, { recursive: true });
process.send(await threadOfFiles());
