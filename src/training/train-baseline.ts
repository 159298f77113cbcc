// A bag of words by itself: trained, tuned and saved as a model directory.
import { resolve } from "node:path";
import { z } from "zod";
import type { CallOptions } from "../base/cancel.js";
import { invalidData } from "../base/errors.js";
import { parseOptions, requireNames } from "../base/parse-options.js";
import { labelsOf } from "../baseline/background.js";
import type { Dataset } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { selectRows } from "../data/select-rows.js";
import { checkShape } from "../data/shape.js";
import { inBackground } from "../evaluation/background.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Tuning } from "../evaluation/tuning.js";
import { lockDirectory } from "../model/lock.js";
import { checkSaveTarget } from "../model/save.js";
import { callOptions } from "../options/calls.js";
import { type BaselineOptions, baselineOptions } from "../options/training.js";
import { type BaselineParts, fitRunBaseline, saveBaseline } from "./baseline.js";
import { tuneOnValidation } from "./judgement.js";
import { checkTable, chooseRows } from "./prepare.js";
import { findTexts } from "./texts.js";

/** A training of a bag of words. */
export type BaselineRun = BaselineOptions & {
  /** Rows to learn from. */
  readonly train: Dataset;
  /** Rows for the thresholds; without them, `validationSplit` of the training rows is held back. */
  readonly validation?: Dataset | undefined;
  /** Rows that judge it; without them, `testSplit` of the training rows is held back. */
  readonly test?: Dataset | undefined;
  /** The model directory to write. */
  readonly output: string;
};

/** What {@link trainBaseline} has made. */
export interface BaselineModel {
  /** The model directory, as an absolute path. */
  readonly directory: string;
  /** Rows that it learned from. */
  readonly trainingRows: number;
  /** Words and pairs of words that it knows. */
  readonly terms: number;
  /** Runs of characters that it knows. */
  readonly grams: number;
  /** Its temperatures and thresholds, which are stored, with their figures; `null` without validation rows. */
  readonly tuning: Tuning | null;
  /** What it does on the test rows with them; `null` without test rows. */
  readonly test: TestFigures | null;
}

const table = z.custom<Dataset>((value) => typeof value === "object" && value !== null, "expected a dataset");
const runOptions = baselineOptions.extend({
  train: table,
  validation: table.optional(),
  test: table.optional(),
  output: z.string().min(1, "expected a path"),
});

/**
 * Trains a bag of words: a logistic regression for each label over TF-IDF of words and characters, in seconds, on a thread of
 * its own. {@link Classifier.load} uses its directory like that of any other model, without libtorch.
 *
 * @throws TagformerError `INVALID_DATA`, `INVALID_OPTION`, `IO` or `OUTPUT_IN_USE`; the reason of the signal
 */
export async function trainBaseline(run: BaselineRun, call: CallOptions = {}): Promise<BaselineModel> {
  const { signal } = parseOptions(callOptions, call);
  requireNames(run, Object.keys(runOptions.shape));
  const { train, validation, test, output, ...options } = parseOptions(runOptions, run);
  checkShape(train);
  for (const other of [validation, test]) if (other) checkTable(other, train);
  const directory = resolve(output);
  await using lock = await lockDirectory(directory, "training");
  await checkSaveTarget(directory, lock);
  const split = await chooseRows({ train, validation }, options);
  const parts = partsOf({ train, validation, test }, split);
  const texts = await findTexts(parts);
  const fitted = await fitRunBaseline(parts, options.seed, signal);
  const keys = texts.validation?.stored() ?? null;
  const tuned = await tuneOnValidation(parts, fitted.validationLogits, keys, undefined, { signal });
  await saveBaseline(directory, { parts, fitted, texts, split, tuning: tuned }, lock);
  const { trainingRows, terms, grams, testLogits } = fitted;
  const tuning = tuned?.tuning ?? null;
  return {
    ...{ directory, trainingRows, terms, grams, tuning },
    test: parts.test && testLogits ? await judge(parts.test, testLogits, tuning, signal) : null,
  };
}

function partsOf(
  { train, validation, test }: Pick<BaselineRun, "train" | "validation" | "test">,
  split: Awaited<ReturnType<typeof chooseRows>>,
): BaselineParts {
  const all = (dataset: Dataset) => ({
    dataset,
    origin: Int32Array.from({ length: dataset.texts.length }, (_, i) => i),
  });
  const some = (origin: Int32Array | undefined) =>
    origin && origin.length > 0 ? { dataset: train, origin } : undefined;
  const training = split ? some(split.train) : all(train);
  if (!training) throw invalidData(`${train.source}: the split leaves no row to train on`);
  return {
    training,
    validation: validation ? all(validation) : some(split?.validation),
    test: test ? all(test) : some(split?.test),
  };
}

async function judge(
  rows: NonNullable<BaselineParts["test"]>,
  logits: Float32Array,
  tuning: Tuning | null,
  signal: AbortSignal | undefined,
): Promise<TestFigures> {
  const clusters = clustersOf(selectRows(rows.dataset, rows.origin));
  const decision = tuning ?? undefined;
  return await inBackground("test", [logits, labelsOf(rows), rows.dataset.labelNames, decision, clusters], {
    signal,
  });
}
