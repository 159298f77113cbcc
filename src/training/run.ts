// The epoch loop: what a prepared run does from its first step to its last event.
import { join } from "node:path";
import { numberOf, unitOf } from "../data/dataset.js";
import { describeShortfalls } from "../data/split.js";
import { formatSplit } from "../data/split-file.js";
import { TagformerError } from "../errors.js";
import { inBackground } from "../evaluation/background.js";
import type { Evaluation } from "../evaluation/metrics.js";
import { saveModelDirectory } from "../model/save.js";
import { textDigest, validationLines } from "../model/validation.js";
import type { NativeTraining } from "../native/training.js";
import type { NativeStep } from "../native/types.js";
import type { ResolvedTrainingOptions } from "../options.js";
import { predictEncoded } from "../predict/encoded-texts.js";
import { generator } from "../random.js";
import type { LabelledBatch } from "../text/batch.js";
import { selectLabelledRows, textCount, trainingPlan } from "../text/plan.js";
import type { EndEvent, EpochEvent, StartEvent, StepEvent, TrainingEvent } from "./events.js";
import { BestEpoch } from "./keep.js";
import { lossOf } from "./loss.js";
import type { PreparedRun } from "./prepare.js";
import { learningRateFactors } from "./rates.js";
import { cardOf, type RunRecord, writeReport } from "./report.js";
import { Reports } from "./reports.js";

/** Rows that the message about a step that failed lists. */
const shownRows = 10;

/** The state of a run between its events. */
export class Run {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #output: string;
  readonly #signal: AbortSignal | undefined;
  readonly #best: BestEpoch;
  readonly #stepsPerEpoch: number;
  readonly #history: EpochEvent[] = [];
  readonly #stepFigures: StepEvent[] = [];
  /** Of the validation rows, from the end of the present epoch. */
  #validationLogits: Float32Array | undefined;
  /** The same of the epoch that is kept. */
  #keptLogits: Float32Array | undefined;
  #steps = 0;
  /** The step after which `#output` was saved. */
  #savedStep: number | undefined;

  /** @param output the model directory to write */
  constructor(
    prepared: PreparedRun,
    options: ResolvedTrainingOptions,
    output: string,
    signal: AbortSignal | undefined,
  ) {
    this.#prepared = prepared;
    this.#options = options;
    this.#output = output;
    this.#signal = signal;
    this.#best = new BestEpoch(options.bestMetric, options.patience, options.keep);
    this.#stepsPerEpoch = Math.ceil(prepared.training.origin.length / options.batchSize);
  }

  /** Trains to the end, or until the signal is given; see `Trainer.run`. */
  async *events(): AsyncGenerator<TrainingEvent, void> {
    const { epochs } = this.#options;
    const totalSteps = epochs * this.#stepsPerEpoch;
    const training = await this.#startTraining(totalSteps);
    yield this.#startEvent(totalSteps);
    this.#signal?.throwIfAborted();
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const started = performance.now();
      const trainingLoss = yield* this.#train(training, epoch);
      if (this.#signal?.aborted) return yield await this.#stop();
      const validation = yield* this.#validate(epoch);
      if (this.#signal?.aborted) return yield await this.#stop();
      yield await this.#finishEpoch(epoch, trainingLoss, validation, started);
      if (epoch === epochs) return yield await this.#end("finished");
      if (this.#signal?.aborted) return yield await this.#stop();
      if (this.#best.exhausted) return yield await this.#end("early stop");
    }
  }

  async #startTraining(totalSteps: number): Promise<NativeTraining> {
    const { model, training } = this.#prepared;
    const options = this.#options;
    return await model.startTraining({
      ...options,
      warmupSteps: Math.round(options.warmup * totalSteps),
      totalSteps,
      epsilonBeforeCorrection: options.epsilonPlacement === "uncorrected",
      loss: lossOf(options, training.dataset, training.origin),
      meanOfWindows: options.windowPooling === "mean",
      rates: learningRateFactors(await model.parameterNames(), options),
    });
  }

  #startEvent(steps: number): StartEvent {
    const { model, training, validation, headReset, maxLength, truncatedTexts } = this.#prepared;
    return {
      type: "start",
      trainingRows: training.origin.length,
      validationRows: validation?.origin.length ?? 0,
      labels: training.dataset.labelNames,
      epochs: this.#options.epochs,
      steps,
      parameters: model.info.parameters,
      initialised: model.info.initialised,
      ignored: model.info.ignored,
      headReset,
      device: model.info.device,
      notes: [
        ...model.info.notes,
        ...(model.info.deviceNote ? [model.info.deviceNote] : []),
        ...this.#splitNotes(),
      ],
      maxLength,
      truncatedTexts,
      windowStride: this.#options.windowStride,
    };
  }

  /** What is to be said about the rows that were held back, unless the user chose them. */
  #splitNotes(): string[] {
    const { split } = this.#prepared;
    const { splitFile, validationSplit, testSplit } = this.#options;
    if (split === undefined || splitFile !== undefined) return [];
    return describeShortfalls(split, { validation: validationSplit, test: testSplit });
  }

  /** Makes an epoch's steps, or those up to the signal; returns the mean of their losses. */
  async *#train(training: NativeTraining, epoch: number): AsyncGenerator<StepEvent, number> {
    let loss = 0;
    for (const rows of this.#batches(epoch)) {
      const event = await this.#step(training, epoch, rows);
      loss += event.loss;
      yield event;
      if (this.#signal?.aborted) break;
    }
    return loss / this.#stepsPerEpoch;
  }

  /** The rows of each step: a new seeded order every epoch, which depends on nothing but seed and epoch. */
  #batches(epoch: number): Int32Array[] {
    const order = Int32Array.from(this.#prepared.training.origin.keys());
    generator(this.#options.seed, `epoch ${epoch}`).shuffle(order);
    return trainingPlan(order, this.#options.batchSize);
  }

  async #step(training: NativeTraining, epoch: number, rows: Int32Array): Promise<StepEvent> {
    const { tokens } = this.#prepared.training;
    const parts = trainingPlan(rows, Math.ceil(rows.length / this.#options.gradientAccumulation));
    const batches = parts.map((part) => selectLabelledRows(tokens, part));
    const result = await training.step(batches);
    if (!result.applied) throw await this.#notFinite(result, rows);
    const { step, loss, learningRate, gradientNorm } = result;
    this.#steps = step;
    const event: StepEvent = {
      type: "step",
      epoch,
      step,
      loss,
      learningRate,
      gradientNorm,
      rows: rows.length,
      tokens: totalTokens(batches),
      extraParts: result.parts - batches.length,
    };
    this.#stepFigures.push(event);
    return event;
  }

  /** The metrics on the validation rows; `undefined` when there are none, or the signal came first. */
  async *#validate(epoch: number): AsyncGenerator<TrainingEvent, Evaluation | undefined> {
    const { model, validation } = this.#prepared;
    if (!validation) return undefined;
    const { tokens, dataset } = validation;
    const totalRows = textCount(tokens);
    const reports = new Reports();
    const onProgress = (rows: number) => reports.add(rows);
    const { windowPooling } = this.#options;
    const computing = predictEncoded(model, tokens, { signal: this.#signal, onProgress }, windowPooling);
    const end = () => reports.end();
    computing.then(end, end);
    for await (const rows of reports) yield { type: "validation", epoch, rows, totalRows };
    try {
      const logits = await computing;
      this.#validationLogits = logits;
      const signal = this.#signal;
      return await inBackground("measure", [logits, tokens.labels, dataset.labelNames], { signal });
    } catch (error) {
      if (this.#signal?.aborted) return undefined;
      throw error;
    }
  }

  async #finishEpoch(
    epoch: number,
    trainingLoss: number,
    validation: Evaluation | undefined,
    started: number,
  ): Promise<EpochEvent> {
    const best = this.#best.isBest(epoch, validation);
    const event = () => ({
      type: "epoch" as const,
      epoch,
      trainingLoss,
      ...(validation && { validation }),
      best,
      seconds: (performance.now() - started) / 1000,
    });
    this.#history.push(event());
    if (best) {
      this.#keptLogits = this.#validationLogits;
      await this.#saveOutput({ epoch }, this.#validationPredictions());
    }
    return event();
  }

  async #end(reason: EndEvent["reason"], lastDirectory?: string): Promise<EndEvent> {
    const bestEpoch = this.#best.epoch;
    const report = this.#options.report ? await writeReport(this.#record()) : undefined;
    return {
      type: "end",
      reason,
      directory: this.#output,
      ...(report !== undefined && { report }),
      ...(bestEpoch !== undefined && { bestEpoch }),
      ...(lastDirectory !== undefined && { lastDirectory }),
    };
  }

  async #stop(): Promise<EndEvent> {
    const saved = await this.#saveLast();
    return await this.#end("stopped", saved === this.#output ? undefined : saved);
  }

  /** Saves the present weights: in the output directory, or in `last` inside it when it holds a finished epoch. */
  async #saveLast(): Promise<string> {
    if (this.#savedStep === this.#steps) return this.#output;
    const state = { stoppedAtStep: this.#steps };
    if (this.#best.epoch === undefined) {
      await this.#saveOutput(state);
      return this.#output;
    }
    const last = join(this.#output, "last");
    await this.#save(last, state);
    return last;
  }

  /** What the model of this epoch said about the validation rows, as a file's content. */
  #validationPredictions(): Iterable<string> | undefined {
    const { validation } = this.#prepared;
    if (!validation || !this.#validationLogits) return undefined;
    const { tokens, dataset, origin } = validation;
    return validationLines({
      source: dataset.source,
      labelNames: dataset.labelNames,
      rows: origin,
      digests: Array.from(origin, (row) => textDigest(dataset.texts.at(row)!)),
      logits: this.#validationLogits,
      labels: tokens.labels,
    });
  }

  #record(): RunRecord {
    return {
      prepared: this.#prepared,
      options: this.#options,
      output: this.#output,
      steps: this.#stepFigures,
      epochs: this.#history,
      keptLogits: this.#keptLogits,
    };
  }

  async #saveOutput(state: Record<string, unknown>, validation?: Iterable<string>): Promise<void> {
    await this.#save(this.#output, state, validation);
    this.#savedStep = this.#steps;
  }

  #save(directory: string, state: Record<string, unknown>, validation?: Iterable<string>): Promise<void> {
    const { model, tokenizer, config, training, split } = this.#prepared;
    return saveModelDirectory(directory, {
      config,
      labelNames: training.dataset.labelNames,
      tagformer: {
        options: this.#options,
        data: training.dataset.source,
        ...state,
        history: this.#history,
      },
      split: split && formatSplit(training.dataset, split),
      validation,
      card: cardOf(this.#record()),
      writeTokenizer: (folder) => tokenizer.writeFiles(folder),
      writeWeights: (file) => model.save(file),
    });
  }

  async #notFinite(
    { step, loss, gradientNorm, learningRate }: NativeStep,
    rows: Int32Array,
  ): Promise<TagformerError> {
    const saved = await this.#saveLast();
    const { dataset, origin } = this.#prepared.training;
    const places = Array.from(rows.subarray(0, shownRows), (row) => numberOf(dataset, origin[row]!)).join(
      ", ",
    );
    const more = rows.length > shownRows ? `, ... (${rows.length} rows)` : "";
    const what = Number.isFinite(loss) ? `gradient norm is ${gradientNorm}` : `loss is ${loss}`;
    const where = `step ${step} (learning rate ${learningRate}, ${unitOf(dataset)}s ${places}${more} of ${dataset.source})`;
    return new TagformerError(
      "NOT_FINITE",
      `the ${what} at ${where}; that step was not applied, and the weights before it are in ${saved}. Try a smaller --learning-rate`,
    );
  }
}

function totalTokens(batches: readonly LabelledBatch[]): number {
  return batches.reduce((total, { ids }) => total + ids.length, 0);
}
