// What a search has found so far, on the disk: an interrupted one goes on from there.
import { join } from "node:path";
import { writeWholeText } from "../../base/whole-file.js";
import { readJsonObjectIfPresent } from "../../model/json-file.js";
import type { RunDirectory } from "../run-directory.js";
import type { TrialFigures } from "./figures.js";
import type { SearchPlan } from "./plan.js";

/** A learning rate that is tried. */
export interface Trial {
  readonly learningRate: number;
  /** After the short part and, of a finalist, after the long one; `null` where loss or gradient were not finite. */
  readonly parts: (TrialFigures | null)[];
  /** Three numbers for each step, as the log of the run has them. */
  readonly log: number[];
}

export interface SearchRecord {
  /** Tells the run that it belongs to. */
  readonly identity: string;
  readonly plan: SearchPlan;
  /** Seconds that a step takes; `null` where that was not measured. */
  readonly secondsPerStep: number | null;
  readonly trials: Trial[];
}

const recordFile = "search.json";
const mostBytes = 1e8;

/** The record of an interrupted search of the same run; `null` where there is none. */
export async function readSearchRecord(
  { path }: RunDirectory,
  identity: string,
): Promise<SearchRecord | null> {
  const found = (await readJsonObjectIfPresent(join(path, recordFile), mostBytes)) as SearchRecord | null;
  return found?.identity === identity ? found : null;
}

export async function writeSearchRecord({ path }: RunDirectory, record: SearchRecord): Promise<void> {
  await writeWholeText(join(path, recordFile), JSON.stringify(record));
}

/** Where the weights and the optimizer of a trial are kept while it may go on. */
export function trialFile({ path }: RunDirectory, learningRate: number): string {
  return join(path, `trial-${learningRate}.safetensors`);
}

/** Where the weights are with which all trials begin. */
export function startFile({ path }: RunDirectory): string {
  return join(path, "start.safetensors");
}
