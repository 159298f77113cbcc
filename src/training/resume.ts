// Whether a run begins or goes on: what is in and beside its output directory, and what it may do with that.
import { join } from "node:path";
import { count } from "../base/counted.js";
import { type Difference, differencesOf, type Facts } from "../base/differences.js";
import { invalidOption } from "../base/errors.js";
import { maxTagformerBytes, tagformerFile } from "../model/file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { Checkpoint } from "./checkpoint.js";
import type { EndEvent, ResumedEvent } from "./events.js";
import { isOfEpochs, recordsSteps } from "./identity.js";
import type { RunDirectory, Skipped } from "./run-directory.js";
import { whyOver } from "./state.js";

/**
 * Refuses to begin a run over an unfinished one. One that was interrupted before its first checkpoint has nothing to lose.
 *
 * @throws TagformerError `INVALID_OPTION`, naming step, date and both ways out
 */
export async function refuseUnfinished(directory: RunDirectory, output: string): Promise<void> {
  const { checkpoint, skipped } = await directory.newestSummary();
  if (skipped.length === 0 && (checkpoint === null || checkpoint.step === 0)) return;
  const what = checkpoint
    ? `an unfinished run of step ${count(checkpoint.step)} of ${count(checkpoint.totalSteps)} (epoch ${checkpoint.epoch}), saved ${checkpoint.savedAt}`
    : `an unfinished run whose checkpoints cannot be read: ${describeSkipped(skipped).join("; ")}`;
  throw invalidOption(
    `${output} has ${what}; --resume (resume: true) continues it, --overwrite (overwrite: true) begins anew and removes its checkpoints`,
  );
}

/** The end of a run that was finished before; `null` where none is, or a checkpoint says that there is more to do. */
export async function finishedRun(directory: RunDirectory, output: string): Promise<EndEvent | null> {
  const { checkpoint, skipped } = await directory.newestSummary();
  if (checkpoint !== null || skipped.length > 0) return null;
  const record = await readJsonObjectIfPresent(join(output, tagformerFile), maxTagformerBytes);
  if (record === null || "stoppedAtStep" in record) return null;
  return {
    type: "end",
    reason: "already finished",
    directory: output,
    ...(typeof record.epoch === "number" && { keptEpoch: record.epoch }),
    notes: [
      `the run of ${output} is finished${dateOf(record)}: nothing was changed; --overwrite (overwrite: true) trains anew`,
    ],
  };
}

function dateOf({ trainedAt }: JsonObject): string {
  return typeof trainedAt === "string" ? ` since ${trainedAt}` : "";
}

/** Where a run goes on, and what is to be said about that. */
export interface ResumePoint extends Pick<Checkpoint, "state" | "tensors"> {
  readonly checkpoint: Checkpoint;
  readonly notes: readonly string[];
}

interface ResumeParts {
  readonly directory: RunDirectory;
  readonly output: string;
  readonly identity: Facts;
  readonly options: ResolvedTrainingOptions;
  readonly allowInexact: boolean;
}

/**
 * The checkpoint from which the run of these data, model and options goes on; `null` where none was interrupted.
 *
 * @throws TagformerError `INVALID_OPTION` when it is another run, naming what differs, or when no checkpoint can be used
 */
export async function findResumePoint(parts: ResumeParts): Promise<ResumePoint | null> {
  const { directory, output, options } = parts;
  const { checkpoint, skipped } = await directory.newest();
  const notes = describeSkipped(skipped);
  // One that was interrupted before its first checkpoint begins: nothing of it is lost.
  if (checkpoint === null || checkpoint.step === 0) {
    if (skipped.length === 0) return null;
    throw invalidOption(
      `no checkpoint of the run in ${output} can be used: ${notes.join("; ")}. Restore one, or begin anew with --overwrite (overwrite: true)`,
    );
  }
  const accepted = compare(checkpoint, parts);
  // After the last step the weights are of no use, and are left out.
  const { state, tensors } = checkpoint;
  if (tensors === null && whyOver(state, options) === null) {
    throw invalidOption(
      `the training in ${output} is over, and only its report is missing: resume it with the number of epochs that it began with`,
    );
  }
  return { checkpoint, state, tensors, notes: [...notes, ...accepted] };
}

function describeSkipped(skipped: readonly Skipped[]): string[] {
  return skipped.map(({ directory, reason }) => `the checkpoint ${directory} is skipped: ${reason}`);
}

/** What differs and is accepted, a sentence each; throws where it is not. */
function compare({ identity, state }: Checkpoint, parts: ResumeParts): string[] {
  const differences = differencesOf(identity, parts.identity, ["when it began", "now"]);
  const inexact = differences.filter((difference) => !isExact(difference, state.epoch, parts.options));
  const texts = inexact.map(
    (difference) => difference.text + reasonOf(difference, state.epoch, parts.options),
  );
  if (recordsSteps(parts.identity)) {
    texts.push(
      "which steps are recorded (TAGFORMER_EXPERIMENTAL=graphs): the first of each shape after a start is not, and draws other dropout",
    );
  }
  if (texts.length === 0) return [];
  if (parts.allowInexact)
    return [`resumed with others, so that the result is that of no undisturbed run: ${texts.join("; ")}`];
  throw invalidOption(
    `the run in ${parts.output} is not resumed, because its end would not be that of an undisturbed run. These differ: ${texts.join("; ")}. Give what it began with; or accept that (--allow-inexact-resume, allowInexactResume: true); or begin anew (--overwrite, overwrite: true)`,
  );
}

/** Another number of epochs makes the same steps where the learning rate does not depend on it, and none is past it. */
function isExact(difference: Difference, epoch: number, options: ResolvedTrainingOptions): boolean {
  return isOfEpochs(difference) && reasonOf(difference, epoch, options) === "";
}

function reasonOf(difference: Difference, epoch: number, options: ResolvedTrainingOptions): string {
  if (!isOfEpochs(difference)) return "";
  const { schedule, warmup, epochs } = options;
  if (schedule !== "constant")
    return `: the learning rate (schedule ${schedule}) depends on the number of all steps`;
  if (warmup > 0) return `: the warm-up (${warmup}) is a share of all steps`;
  return epoch - 1 > epochs ? `: ${epoch - 1} epochs are over` : "";
}

/** What is told when a run goes on. */
export async function resumedEvent(
  { state, step, savedAt }: Checkpoint,
  { steps, batchSize }: { readonly steps: number; readonly batchSize: number },
  directory: RunDirectory,
): Promise<ResumedEvent> {
  const progress = await directory.progress();
  const isLater = progress !== null && progress.step > step;
  const lostSeconds = isLater ? Math.max(0, (Date.parse(progress.at) - Date.parse(savedAt)) / 1000) : 0;
  return {
    type: "resumed",
    step,
    steps,
    epoch: state.epoch,
    rowsInEpoch: state.stepsInEpoch * batchSize,
    lostSteps: isLater ? progress.step - step : 0,
    lostSeconds,
  };
}
