// The runs of a folder: which are finished, which go on, and which wait to be resumed.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { followLinks } from "../base/destination.js";
import { cannot } from "../base/errors.js";
import { lastDirectory, maxTagformerBytes, tagformerFile } from "../model/file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";
import { type Holder, holderOf } from "../model/lock.js";
import { RunDirectory } from "./run-directory.js";

/** A run, by the model directory that it writes. */
export interface ListedRun {
  readonly directory: string;
  /**
   * `unfinished`: it was interrupted, and can be resumed; `damaged`: it was, but no checkpoint can be read; `stopped`: its last
   * weights are there, but no checkpoint.
   */
  readonly state: "running" | "unfinished" | "damaged" | "finished" | "stopped";
  /** Steps made, as far as they are on the disk; absent when that is not known. */
  readonly step?: number;
  /** Steps of the whole run, where it is not over. */
  readonly totalSteps?: number;
  /** The epoch that is under way, or whose model is kept. */
  readonly epoch?: number;
  /** When it was in this state, ISO 8601. */
  readonly at?: string;
  /** The process that writes it. */
  readonly process?: Pick<Holder, "pid" | "host" | "since">;
}

/**
 * The runs that write into a folder, and the one that writes this directory itself, in the order of their names.
 *
 * @throws TagformerError `IO` when the folder cannot be read
 */
export async function listRuns(folder: string): Promise<ListedRun[]> {
  const own = resolve(folder);
  const directories = [own, ...(await candidates(own)).map((name) => join(own, name))];
  const runs = await Promise.all(directories.map(describe));
  const found = runs.filter((run) => run !== null);
  if (found.length === 0) await readable(own);
  return found.sort((a, b) => (a.directory < b.directory ? -1 : 1));
}

/** Names in a folder that may be those of model directories. */
async function candidates(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap(
    ({ name }) => RunDirectory.modelOf(name) ?? (name.startsWith(".") ? [] : name),
  );
  // The last weights of a run that was stopped belong to it.
  return [...new Set(names)].filter((name) => name !== lastDirectory);
}

async function readable(folder: string): Promise<void> {
  try {
    await readdir(folder);
  } catch (error) {
    throw cannot(`read ${folder}`, error);
  }
}

async function describe(directory: string): Promise<ListedRun | null> {
  const run = new RunDirectory(await followLinks(directory));
  const { checkpoint, skipped } = await run.newestSummary();
  const record = await recordOf(directory);
  const holder = await holderOf(directory);
  if (checkpoint === null && skipped.length === 0 && record === null) return null;
  const reached = checkpoint && {
    step: checkpoint.step,
    totalSteps: checkpoint.totalSteps,
    epoch: checkpoint.epoch,
    at: checkpoint.savedAt,
  };
  if (holder?.purpose === "training") {
    const { pid, host, since } = holder;
    return { directory, state: "running", ...reached, process: { pid, host, since } };
  }
  if (reached) return { directory, state: "unfinished", ...reached };
  if (skipped.length > 0) return { directory, state: "damaged" };
  return { directory, ...finished(record!) };
}

function finished({ stoppedAtStep: step, epoch, trainedAt: at }: JsonObject): Omit<ListedRun, "directory"> {
  return {
    state: typeof step === "number" ? "stopped" : "finished",
    ...(typeof step === "number" && { step }),
    ...(typeof epoch === "number" && { epoch }),
    ...(typeof at === "string" && { at }),
  };
}

/** What a run wrote with its model; `null` where there is none that can be read. */
async function recordOf(directory: string): Promise<JsonObject | null> {
  return await readJsonObjectIfPresent(join(directory, tagformerFile), maxTagformerBytes).catch(() => null);
}
