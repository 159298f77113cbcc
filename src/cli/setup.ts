// `tagformer setup`, and the set-up that every other command runs when there is no build yet.
import { findBuiltAddon } from "../install/built-addon.js";
import type { Progress } from "../install/progress.js";
import { setUp } from "../install/setup.js";

export interface SetupCommandOptions {
  /** Version of libtorch; see `setUp`. */
  readonly torch?: string | undefined;
  /** With the libraries for NVIDIA GPUs. */
  readonly cuda?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Sets up, with progress on stderr and the result on stdout. */
export async function runSetup({ torch, cuda, json }: SetupCommandOptions): Promise<void> {
  const result = await setUp({ torch, cuda, progress: showProgress(process.stderr) });
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } else {
    const state = result.built ? "is built and tested" : "is in place";
    process.stdout.write(`The native add-on ${state}, with libtorch ${result.torchVersion}.\n`);
  }
}

/** Sets up only when there is no build: what every command calls that needs the engine. */
export async function ensureSetUp(): Promise<void> {
  if (!findBuiltAddon()?.file) await setUp({ progress: showProgress(process.stderr) });
}

/** A line for each step; on a terminal the step's detail follows, each in the place of the one before. */
export function showProgress(stream: NodeJS.WriteStream): Progress {
  let shown = "";
  return (step, detail) => {
    if (step !== shown) stream.write(`${stream.isTTY ? "\r\x1b[K" : ""}setup: ${step}\n`);
    shown = step;
    if (detail && stream.isTTY) stream.write(`\r\x1b[K  ${detail.slice(0, stream.columns - 3)}`);
  };
}
