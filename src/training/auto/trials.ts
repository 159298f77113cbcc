// Short trials of learning rates: each is the begin of the run that it would be, on the run's own rows.
import { rm } from "node:fs/promises";
import { makeDirectories } from "../../base/directories.js";
import { generator } from "../../base/random.js";
import { inBackground } from "../../evaluation/background.js";
import type { Evaluation } from "../../evaluation/metrics.js";
import { readSafetensors } from "../../model/safetensors.js";
import type { NativeTraining } from "../../native/training.js";
import type { ResolvedTrainingOptions } from "../../options/training.js";
import { predictEncoded } from "../../predict/encoded-texts.js";
import type { LabelledBatch } from "../../text/batch.js";
import { selectLabelledRows } from "../../text/plan.js";
import type { TrainingEvent } from "../events.js";
import { lossOf } from "../loss.js";
import { nativeOptions } from "../native-options.js";
import type { PreparedRun } from "../prepare.js";
import type { RunDirectory } from "../run-directory.js";
import { microBatches, rowsOfSteps } from "../step-rows.js";
import type { TrialFigures } from "./figures.js";
import { bestFirst } from "./judge.js";
import { finalists } from "./plan.js";
import { type SearchRecord, startFile, type Trial, trialFile, writeSearchRecord } from "./search-record.js";

/** Validation rows on which trials are judged, at most. */
export const mostTrialRows = 2000;
/** Steps that are not measured: the first ones take memory and wake threads. */
const unmeasuredSteps = 2;
const measuredSteps = 6;
/** Seconds after which no further step is measured. */
const measuringSeconds = 20;

export interface TrialParts {
  readonly prepared: PreparedRun;
  /** Its learning rate is that of each trial. */
  readonly options: ResolvedTrainingOptions;
  readonly directory: RunDirectory;
  readonly emit: (event: TrainingEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** Trains a run's model for trials; every one begins with the same weights. */
export class Trials {
  readonly #parts: TrialParts;
  readonly #stepsPerEpoch: number;
  readonly #validation: LabelledBatch;
  #epoch: { readonly number: number; readonly rows: readonly Int32Array[] } = { number: 0, rows: [] };

  constructor(parts: TrialParts) {
    this.#parts = parts;
    const { prepared, options } = parts;
    this.#stepsPerEpoch = Math.ceil(prepared.training.origin.length / options.batchSize);
    this.#validation = trialRows(prepared, options.seed);
  }

  /** Writes down the weights with which all trials, and the run, begin. */
  async begin(totalSteps: number): Promise<void> {
    const { directory, options } = this.#parts;
    await makeDirectories(directory.path);
    const training = await this.#start(options.learningRate, totalSteps);
    await training.writeCheckpoint(startFile(directory));
  }

  /** Seconds that a step of average length takes. The model is another one afterwards. */
  async measure(totalSteps: number): Promise<number> {
    const { prepared, options, signal } = this.#parts;
    const training = await this.#start(options.learningRate, totalSteps);
    const rows = rowsOfSteps(prepared.training, options, 1);
    let [seconds, tokens] = [0, 0];
    for (let i = 0; i < unmeasuredSteps + measuredSteps && seconds < measuringSeconds; i++) {
      signal?.throwIfAborted();
      const batches = microBatches(prepared.training, rows[i % rows.length]!, options);
      const started = performance.now();
      await training.step(batches);
      if (i < unmeasuredSteps && rows.length > 1) continue;
      seconds += (performance.now() - started) / 1000;
      tokens += batches.reduce((sum, { ids }) => sum + ids.length, 0);
    }
    const perStep = prepared.training.tokens.ids.length / this.#stepsPerEpoch;
    return (seconds / tokens) * perStep;
  }

  /** Makes the trials that `record` does not have yet; returns the best. */
  async run(record: SearchRecord): Promise<Trial> {
    const { directory } = this.#parts;
    const { trials } = record;
    for (const trial of trials) {
      if (trial.parts.length === 0) await this.#advance(trial, record);
      for (const { learningRate } of bestFirst(trials, 0).slice(finalists))
        await rm(trialFile(directory, learningRate), { force: true });
    }
    const goOn = bestFirst(trials, 0).slice(0, finalists);
    for (const trial of goOn) if (trial.parts.length === 1) await this.#advance(trial, record);
    const [best, ...others] = bestFirst(goOn, 1);
    for (const { learningRate } of others) await rm(trialFile(directory, learningRate), { force: true });
    return best!;
  }

  /** Trains a trial to the end of its next part, judges it, and writes down what was found. */
  async #advance(trial: Trial, record: SearchRecord): Promise<void> {
    const { directory, emit } = this.#parts;
    const { learningRate, parts } = trial;
    const { plan, trials } = record;
    const [from, to] = parts.length === 0 ? [0, plan.shortSteps] : [plan.shortSteps, plan.longSteps];
    const training = await this.#start(learningRate, plan.totalSteps);
    const file = from === 0 ? startFile(directory) : trialFile(directory, learningRate);
    await training.restore(await readSafetensors(file), from);
    const wentWell = parts[0] !== null && (await this.#train(training, trial, from, to));
    const figures = wentWell ? await this.#judge() : null;
    await training.writeCheckpoint(trialFile(directory, learningRate));
    parts.push(figures);
    await writeSearchRecord(directory, record);
    emit({ type: "trialEnd", trials: trials.length, learningRate, steps: to, figures });
  }

  /** Makes the steps of a trial; `false` when loss or gradient were not finite. */
  async #train(training: NativeTraining, trial: Trial, from: number, to: number): Promise<boolean> {
    const { prepared, options, emit, signal } = this.#parts;
    for (let step = from; step < to; step++) {
      signal?.throwIfAborted();
      const rows = this.#rowsOf(step);
      const result = await training.step(microBatches(prepared.training, rows, options));
      if (!result.applied) return false;
      trial.log.push(result.step, result.loss, result.learningRate);
      emit({ type: "trial", learningRate: trial.learningRate, step: step + 1, from, steps: to });
    }
    return true;
  }

  #rowsOf(step: number): Int32Array {
    const { prepared, options } = this.#parts;
    const epoch = Math.floor(step / this.#stepsPerEpoch) + 1;
    if (this.#epoch.number !== epoch)
      this.#epoch = { number: epoch, rows: rowsOfSteps(prepared.training, options, epoch) };
    return this.#epoch.rows[step % this.#stepsPerEpoch]!;
  }

  async #start(learningRate: number, totalSteps: number): Promise<NativeTraining> {
    const { prepared, options } = this.#parts;
    return await prepared.model.startTraining(
      nativeOptions(prepared, { ...options, learningRate }, totalSteps),
    );
  }

  async #judge(): Promise<TrialFigures> {
    const { prepared, options, signal } = this.#parts;
    const { dataset, origin } = prepared.training;
    const logits = await predictEncoded(prepared.model, this.#validation, { signal }, options.windowPooling);
    const objective = { loss: lossOf(options, dataset, origin), rowWeights: this.#validation.weights };
    const { metrics } = await inBackground(
      "measure",
      [logits, this.#validation.labels, dataset.labelNames, objective],
      {
        signal,
      },
    );
    return figuresOf(metrics);
  }
}

function figuresOf({ loss, micro }: Evaluation): TrialFigures {
  return { loss: loss ?? Number.MAX_VALUE, averagePrecision: micro.averagePrecision ?? 0 };
}

/** The validation rows of trials: all of them, or as many as are enough. */
function trialRows({ validation }: PreparedRun, seed: number): LabelledBatch {
  const { tokens, origin } = validation!;
  if (origin.length <= mostTrialRows) return tokens;
  const order = Int32Array.from(origin.keys());
  generator(seed, "rows of trials").shuffle(order);
  return selectLabelledRows(tokens, order.slice(0, mostTrialRows).sort());
}
