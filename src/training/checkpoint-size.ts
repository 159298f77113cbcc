// What checkpoints cost on the disk, and whether there is room for them.
import { keptCheckpoints, type RunDirectory } from "./run-directory.js";

/** Weights and two moments in fp32: what a parameter takes; frozen ones take a third of it. */
const bytesOfParameter = 12;

/** Where checkpoints are and what they take, and a warning where there is no room; a sentence each. */
export async function describeCheckpoints(directory: RunDirectory, parameters: number): Promise<string[]> {
  const one = parameters * bytesOfParameter;
  // The next is whole before an older one is removed.
  const most = (keptCheckpoints + 1) * one;
  const free = await directory.freeBytes();
  return [
    `checkpoints of up to ${shown(one)} are written to ${directory.path}; ${keptCheckpoints} are kept, and removed when the run is over (--no-checkpoints: none)`,
    ...(free !== null && free < most
      ? [`warning: checkpoints take up to ${shown(most)}, but only ${shown(free)} are free there`]
      : []),
  ];
}

function shown(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
