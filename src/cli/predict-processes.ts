// `tagformer predict --processes`: the command itself, started once for each part.
import { TagformerError } from "../base/errors.js";
import { runProcesses } from "../distributed/processes.js";
import { shardFile } from "./shards.js";
import { note } from "./terminal.js";

/**
 * Runs this very command line once for each part, all at the same time.
 *
 * @throws TagformerError `IO` that names the parts that failed; those of the others are written
 */
export async function predictInProcesses(count: number, out: string): Promise<void> {
  const { endings } = await runProcesses({ count, independent: true, say: note });
  const failed = endings.filter(({ status }) => status !== 0).map(({ index }) => index);
  if (failed.length === 0) return;
  const files = failed.sort((a, b) => a - b).map((index) => shardFile(out, { index, count }));
  throw new TagformerError(
    "IO",
    `${failed.length} of ${count} parts failed, as said above: ${files.join(", ")} not written; the same command with --skip-existing computes only those`,
  );
}
