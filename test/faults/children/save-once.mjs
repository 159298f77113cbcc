// Saves a model once it is told to, and says how that ended. First it says which of its threads `node:fs` works on.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Classifier } from "../../../dist/index.js";
import { threadOfFiles } from "./thread-of-files.mjs";

const [model, target] = process.argv.slice(2);
const classifier = await Classifier.load(model, { threads: 1 });

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
