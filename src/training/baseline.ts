// The bag of words beside a run: fitted while the model trains, judged on the same rows, and saved in a directory of its own.
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { messageOf } from "../base/errors.js";
import { type BaselineResult, type BaselineRows, fitBaseline } from "../baseline/background.js";
import { bagOfWordsConfig } from "../baseline/files.js";
import type { Split } from "../data/split.js";
import { formatSplit } from "../data/split-file.js";
import { tuningFields } from "../model/decision.js";
import type { DirectoryLock } from "../model/lock.js";
import { saveModelDirectory } from "../model/save.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { baselineCard } from "../report/card-baseline.js";
import { cardWithTuning } from "../report/card-tuning.js";
import type { TuningRecord } from "../report/decision-record.js";
import { storedPredictions } from "./run-record.js";
import { type RunTexts, storedTexts } from "./texts.js";

/** The parts of a run, as a bag of words reads them. */
export interface BaselineParts {
  readonly training: BaselineRows;
  readonly validation: BaselineRows | undefined;
  readonly test: BaselineRows | undefined;
}

/** A fitted bag of words, and what it says of the rows held back. */
export interface RunBaseline extends Omit<BaselineResult, "logits"> {
  /** `[rows * labels]` */
  readonly validationLogits: Float32Array | undefined;
  /** `[rows * labels]` */
  readonly testLogits: Float32Array | undefined;
}

/** Fits a bag of words to the training rows. */
export async function fitRunBaseline(
  { training, validation, test }: BaselineParts,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<RunBaseline> {
  const scored = [validation, test].filter((part) => part !== undefined);
  const { logits, ...fitted } = await fitBaseline(training, scored, seed, { signal });
  const [validationLogits, testLogits] = validation ? logits : [undefined, ...logits];
  return { ...fitted, validationLogits, testLogits };
}

/**
 * Fits one beside a run, which goes on whatever becomes of it: then there is a sentence instead.
 *
 * @returns `null` where none is wanted, or no row could judge it
 */
export function startBaseline(
  parts: BaselineParts,
  { baseline, seed }: Pick<ResolvedTrainingOptions, "baseline" | "seed">,
  signal: AbortSignal,
): Promise<RunBaseline | string> | null {
  if (!baseline || !(parts.validation || parts.test)) return null;
  return fitRunBaseline(parts, seed, signal).catch(
    (error: unknown) => `no bag of words was fitted beside the model: ${messageOf(error)}`,
  );
}

/** What is saved of a bag of words. */
export interface BaselineToSave {
  readonly parts: BaselineParts;
  readonly fitted: RunBaseline;
  readonly texts: RunTexts;
  readonly split: Split | undefined;
  /** Its thresholds; `null` leaves them at 0.5. */
  readonly tuning: TuningRecord | null;
}

/** Writes a bag of words as a model directory. */
export async function saveBaseline(
  directory: string,
  { parts, fitted, texts, split, tuning }: BaselineToSave,
  lock?: DirectoryLock,
): Promise<void> {
  const { training, validation, test } = parts;
  const { labelNames, source } = training.dataset;
  const card = baselineCard(basename(directory), source, fitted.trainingRows);
  const found = tuning && { ...tuning, labels: labelNames, test: null };
  await saveModelDirectory(
    directory,
    {
      config: bagOfWordsConfig,
      labelNames,
      tagformer: {
        baseline: { rows: fitted.trainingRows, terms: fitted.terms, grams: fitted.grams },
        data: source,
        texts: storedTexts(texts),
        ...(tuning && tuningFields(tuning, labelNames, null)),
        trainedAt: new Date().toISOString(),
      },
      split: split && formatSplit(training.dataset, split),
      validation: storedPredictions(validation, fitted.validationLogits),
      test: storedPredictions(test, fitted.testLogits),
      card: cardWithTuning(card, found),
      writeTokenizer: async () => {},
      writeWeights: (file) => writeFile(file, fitted.file),
    },
    { lock },
  );
}
