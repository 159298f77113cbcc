// `tagformer train --processes`: the command itself in several processes, which train one model together.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { meetingFileVariable } from "../distributed/launch.js";
import { type Ending, type Outcome, runProcesses } from "../distributed/processes.js";
import { note } from "./terminal.js";

/** How many runs failed before, for the processes of the next: they go on from a checkpoint. */
const restartVariable = "TAGFORMER_RESTART";
/** Of wrong use: the same command would fail again. */
const wrongUse = 2;

/** Whether this process belongs to a run that was begun again. */
export function isRestarted(environment: NodeJS.ProcessEnv = process.env): boolean {
  return Number(environment[restartVariable] ?? 0) > 0;
}

/**
 * Runs this very command line in `count` processes. Where one fails all end, and are started again as often as that is allowed:
 * the run goes on from its last checkpoint.
 *
 * @returns the exit status
 */
export async function trainInProcesses(count: number, maxRestarts: number): Promise<number> {
  for (let restart = 0; ; restart++) {
    const { endings, interruption } = await runTogether(count, restart);
    const failed = endings.find(({ status }) => status !== 0);
    if (failed === undefined) return 0;
    if (failed.signal !== null && interruption === null) note(describe(failed));
    const isOver = interruption !== null || failed.status === wrongUse || restart === maxRestarts;
    if (isOver) return failed.status;
    note(`starting all ${count} processes again (restart ${restart + 1} of ${maxRestarts})`);
  }
}

async function runTogether(count: number, restart: number): Promise<Outcome> {
  // Nobody else may enter, and nothing of another run is in it.
  const folder = await mkdtemp(join(tmpdir(), "tagformer-processes-"));
  try {
    return await runProcesses({
      count,
      independent: false,
      say: note,
      environment: (index) => ({
        RANK: String(index),
        WORLD_SIZE: String(count),
        LOCAL_RANK: String(index),
        LOCAL_WORLD_SIZE: String(count),
        [meetingFileVariable]: join(folder, "meeting"),
        [restartVariable]: String(restart),
      }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describe({ index, count, signal }: Ending): string {
  const why = signal === "SIGKILL" ? ", as the system does where memory is short" : "";
  return `tagformer: process ${index} of ${count} was ended by ${signal}${why}`;
}
