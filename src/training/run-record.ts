// What is known about a run, and what is made of it: the model card, the report, and the stored predictions.
import { basename, join } from "node:path";
import { writeWholeText } from "../base/whole-file.js";
import { type BaselineRows, labelsOf } from "../baseline/background.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import { isPlainCrossEntropy } from "../evaluation/objective.js";
import type { Tuning } from "../evaluation/tuning.js";
import { reportFile, torchScriptType } from "../model/file-names.js";
import { predictionLines, textDigest } from "../model/stored-predictions.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { BaselineFigures } from "../report/baseline-words.js";
import { modelCard } from "../report/card.js";
import type { EpochChoice } from "../report/choices.js";
import { runPage } from "../report/render.js";
import type { RunFacts } from "../report/run-facts.js";
import { type Choice, repeatingFlags } from "./auto/choice.js";
import type { EpochEvent } from "./events.js";
import { lossOf, nameOfLoss } from "./loss.js";
import type { PreparedRun, Rows } from "./prepare.js";
import type { StepLog } from "./step-log.js";

/** What is known about a run. */
export interface RunRecord {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  /** The model directory. */
  readonly output: string;
  /** What was decided for the user. */
  readonly choices: readonly Choice[];
  readonly steps: StepLog;
  readonly epochs: readonly EpochEvent[];
  /** The steps after which the run was interrupted and resumed. */
  readonly resumedAfter: readonly number[];
  /** Of the validation rows, by the model that is kept. */
  readonly keptLogits: Float32Array | undefined;
  /** The epoch whose model is kept; `undefined` before the first is over. */
  readonly keptEpoch: number | undefined;
  /** What the model that is kept does on the test rows. */
  readonly test: (TestFigures & { readonly logits: Float32Array }) | undefined;
  /** Thresholds that were learnt at the end; `null` before, and where there are none. */
  readonly tuning: Tuning | null;
  /** The model beside a bag of words; likewise. */
  readonly baseline: BaselineFigures | null;
}

/** What a model said about some rows, as a file's content; `undefined` when there are none. */
export function storedPredictions(
  rows: BaselineRows | undefined,
  logits: Float32Array | undefined,
): Iterable<string> | undefined {
  if (!rows || !logits) return undefined;
  const { dataset, origin } = rows;
  const { groups } = dataset;
  return predictionLines({
    source: dataset.source,
    labelNames: dataset.labelNames,
    rows: origin,
    digests: Array.from(origin, (row) => textDigest(dataset.texts.at(row)!)),
    ...(groups && { groups: Array.from(origin, (row) => groupDigest(groups.at(row)!)) }),
    logits,
    labels: labelsOf(rows),
  });
}

/** Blank for no group, as in the table. */
function groupDigest(group: string): string {
  return group.trim() === "" ? "" : textDigest(group);
}

/** The model card of a run. */
export function cardOf(record: RunRecord): string {
  const { prepared, options, output, epochs, keptEpoch, test } = record;
  const { training, validation, baseModel, config, maxLength } = prepared;
  const judgedOn = ({ dataset }: Rows) => ({
    data: basename(dataset.source),
    heldBack: dataset === training.dataset,
  });
  const kept = epochs.find(({ epoch }) => epoch === keptEpoch);
  return modelCard({
    ...choiceOf(record),
    name: basename(output),
    labels: training.dataset.labelNames,
    baseModel,
    torchScript: config.model_type === torchScriptType,
    hierarchy: options.hierarchy,
    data: basename(training.dataset.source),
    trainingRows: training.origin.length,
    objective: nameOfLoss(options, training.dataset),
    learningRate: options.learningRate,
    batchSize: options.batchSize,
    maxLength,
    byCombinations: isByCombinations(record),
    validation: validation && kept?.validation ? { ...judgedOn(validation), metrics: kept.validation } : null,
    test: prepared.test && test ? { ...judgedOn(prepared.test), ...test } : null,
  });
}

function choiceOf({ prepared, options, epochs, keptEpoch }: RunRecord): EpochChoice {
  const { keep, patience, bestMetric } = options;
  return {
    ...{ trainedEpochs: epochs.length, plannedEpochs: options.epochs, keptEpoch },
    ...{ keep, patience, bestMetric, validationRows: prepared.validation?.origin.length ?? 0 },
  };
}

/** Whether the run held rows back itself, by combinations of labels. */
function isByCombinations({ prepared, options }: RunRecord): boolean {
  return (
    prepared.split !== undefined && options.splitFile === undefined && options.splitMethod === "combinations"
  );
}

/**
 * Draws the report of a run into a model directory, where it appears whole; returns its path.
 *
 * @throws TagformerError `IO`
 */
export async function writeReport(record: RunRecord, directory: string): Promise<string> {
  const file = join(directory, reportFile);
  const { training, validation } = record.prepared;
  const tables = { training: training.dataset, validation: (validation ?? training).dataset };
  const page = await runPage(factsOf(record), tables);
  await writeWholeText(file, page);
  return file;
}

function factsOf(record: RunRecord): RunFacts {
  const {
    prepared,
    options,
    output,
    steps,
    epochs,
    resumedAfter,
    keptLogits,
    test,
    tuning,
    baseline,
    choices,
  } = record;
  const { training, validation, test: testRows, model } = prepared;
  return {
    ...choiceOf(record),
    model: basename(output),
    trainingRows: training.origin.length,
    ...(validation &&
      validation.dataset !== training.dataset && { validationData: validation.dataset.source }),
    ...(testRows && testRows.dataset !== training.dataset && { testData: testRows.dataset.source }),
    testRows: testRows?.origin.length ?? 0,
    objectiveName: nameOfLoss(options, training.dataset),
    isPlainCrossEntropy: isPlainCrossEntropy({
      loss: lossOf(options, training.dataset, training.origin),
      rowWeights: training.tokens.weights,
    }),
    byCombinations: isByCombinations(record),
    ...(test && { test: { metrics: test.metrics, intervals: test.intervals } }),
    ...(tuning && { tuning: tunedFigures(tuning) }),
    ...(baseline && { baseline }),
    parameters: model.info.parameters,
    ...(choices.length > 0 && { choices, repeatWith: repeatingFlags(options) }),
    options,
    steps: steps.figures(),
    epochs,
    resumedAfter,
    ...(validation &&
      keptLogits && {
        validation: { logits: keptLogits, labels: validation.tokens.labels, origin: validation.origin },
      }),
  };
}

function tunedFigures({ untuned, crossFitted, tuned }: Tuning): NonNullable<RunFacts["tuning"]> {
  const figuresOf = ({ micro, macro, subsetAccuracy }: Evaluation) => [micro.f1, macro.f1, subsetAccuracy];
  return {
    untuned: figuresOf(untuned),
    crossFitted: crossFitted && figuresOf(crossFitted),
    tuned: figuresOf(tuned),
  };
}
