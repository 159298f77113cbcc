// The output directory of a run while it lasts: locked, tidied, and not taken from another run.
import { type DirectoryLock, lockDirectory } from "../model/lock.js";
import { checkSaveTarget } from "../model/save.js";
import type { ResolvedCheckpointOptions } from "../options/checkpoints.js";
import type { EndEvent } from "./events.js";
import { finishedRun, refuseUnfinished } from "./resume.js";
import { RunDirectory } from "./run-directory.js";

export class OutputPlace implements AsyncDisposable {
  readonly #output: string;
  /** `null` before {@link open}: only one of several processes opens it. */
  lock: DirectoryLock | null = null;
  directory: RunDirectory;

  /** @param output an absolute path */
  constructor(output: string) {
    this.#output = output;
    this.directory = new RunDirectory(output);
  }

  /**
   * Takes it for a run.
   *
   * @returns the end of a run that is to be resumed, but was finished before; else `null`
   * @throws TagformerError `OUTPUT_IN_USE`; `INVALID_OPTION` over an unfinished run
   */
  async open({ resume, overwrite }: ResolvedCheckpointOptions): Promise<EndEvent | null> {
    this.lock = await lockDirectory(this.#output, "training");
    await checkSaveTarget(this.#output, this.lock);
    this.directory = new RunDirectory(this.lock.target);
    await this.directory.tidy();
    if (!resume && !overwrite) await refuseUnfinished(this.directory, this.#output);
    return resume ? await finishedRun(this.directory, this.#output) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lock?.[Symbol.asyncDispose]();
  }
}
