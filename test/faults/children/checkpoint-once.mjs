// Writes one more checkpoint of a training once it is told to, and says how that ended. First it says which of its threads
// `node:fs` works on.
import { TagformerError } from "../../../dist/base/errors.js";
import { checkpointsOf } from "./checkpoints.mjs";
import { threadOfFiles } from "./thread-of-files.mjs";

const checkpoint = await checkpointsOf(process.argv[2]);

async function attempt() {
  try {
    await checkpoint(3);
    return "saved";
  } catch (error) {
    const isExpected =
      (error instanceof TagformerError && error.code === "IO") || error.syscall !== undefined;
    return isExpected ? "IO" : `${error.stack}`;
  }
}

for (const step of [1, 2]) await checkpoint(step);
process.once("message", async () => {
  process.send(await attempt(), () => process.exit());
});
process.send(await threadOfFiles());
