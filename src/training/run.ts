// The epoch loop: what a prepared run does from its first step to its last event.
import { join } from "node:path";
import { numberOf, unitOf } from "../data/dataset.js";
import { describeShortfalls } from "../data/split.js";
import { formatSplit } from "../data/split-file.js";
import { TagformerError } from "../errors.js";
import { inBackground } from "../evaluation/background.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Objective } from "../evaluation/objective.js";
import { lastDirectory } from "../model/file-names.js";
import type { DirectoryLock } from "../model/lock.js";
import { holdsModel, type ModelToSave, saveModelDirectory } from "../model/save.js";
import type { NativeTraining } from "../native/training.js";
import type { NativeStep } from "../native/types.js";
import type { ResolvedTrainingOptions } from "../options.js";
import { predictEncoded } from "../predict/encoded-texts.js";
import { generator } from "../random.js";
import type { LabelledBatch } from "../text/batch.js";
import { selectLabelledRows, textCount, trainingPlan } from "../text/plan.js";
import type { EndEvent, EpochEvent, StartEvent, StepEvent, TrainingEvent } from "./events.js";
import { BestEpoch } from "./keep.js";
import { lossOf, nameOfLoss } from "./loss.js";
import type { PreparedRun, Rows } from "./prepare.js";
import { learningRateFactors } from "./rates.js";
import { cardOf, type RunRecord, storedPredictions, writeReport } from "./report.js";
import { Reports } from "./reports.js";
import { fewTestRows, storedTexts, textWarnings } from "./texts.js";

/** Rows that the message about a step that failed lists. */
const shownRows = 10;

/** What an epoch did on the validation rows. */
interface Validation {
  readonly metrics: Evaluation;
  /** The training's own loss; `null` when no element is labelled. */
  readonly objective: number | null;
}

/** What an epoch did on the test rows. */
interface Test extends TestFigures {
  readonly logits: Float32Array;
}

/** The state of a run between its events. */
export class Run {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #output: string;
  readonly #lock: DirectoryLock;
  readonly #signal: AbortSignal | undefined;
  readonly #best: BestEpoch;
  readonly #stepsPerEpoch: number;
  readonly #history: EpochEvent[] = [];
  readonly #stepFigures: StepEvent[] = [];
  /** Of the validation rows, from the end of the present epoch. */
  #validationLogits: Float32Array | undefined;
  /** The same of the epoch that is kept. */
  #keptLogits: Float32Array | undefined;
  /** What the kept epoch did on the test rows. */
  #keptTest: Test | undefined;
  #steps = 0;
  /** The step after which `#output` was saved. */
  #savedStep: number | undefined;

  /** @param output the model directory to write */
  constructor(
    prepared: PreparedRun,
    options: ResolvedTrainingOptions,
    output: string,
    lock: DirectoryLock,
    signal: AbortSignal | undefined,
  ) {
    this.#prepared = prepared;
    this.#options = options;
    this.#output = output;
    this.#lock = lock;
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
      // Every model that may turn out to be the last one kept is judged, so that each saved directory is whole.
      const test = this.#best.judge(validation?.metrics).kept ? yield* this.#test(epoch) : undefined;
      if (this.#signal?.aborted) return yield await this.#stop();
      yield await this.#finishEpoch({ epoch, trainingLoss, validation, test, started });
      if (epoch === epochs) return yield await this.#end("finished");
      if (this.#signal?.aborted) return yield await this.#stop();
      if (this.#best.exhausted) return yield await this.#end("early stop");
    }
  }

  async #startTraining(totalSteps: number): Promise<NativeTraining> {
    const { model } = this.#prepared;
    const options = this.#options;
    return await model.startTraining({
      ...options,
      warmupSteps: Math.round(options.warmup * totalSteps),
      totalSteps,
      epsilonBeforeCorrection: options.epsilonPlacement === "uncorrected",
      loss: this.#loss(),
      meanOfWindows: options.windowPooling === "mean",
      rates: learningRateFactors(await model.parameterNames(), options),
    });
  }

  #loss(): Objective["loss"] {
    const { dataset, origin } = this.#prepared.training;
    return lossOf(this.#options, dataset, origin);
  }

  #startEvent(steps: number): StartEvent {
    const { model, training, validation, test, headReset, maxLength, truncatedTexts, texts } = this.#prepared;
    return {
      type: "start",
      trainingRows: training.origin.length,
      validationRows: validation?.origin.length ?? 0,
      testRows: test?.origin.length ?? 0,
      objective: nameOfLoss(this.#options, training.dataset),
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
        ...(this.#lock.weakness
          ? [`no second run is kept out of ${this.#output}: ${this.#lock.weakness}`]
          : []),
        ...this.#splitNotes(),
        ...textWarnings(texts, this.#prepared),
        ...(test ? fewTestRows(test) : []),
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
    const isOwnTable = this.#prepared.validation?.dataset !== this.#prepared.training.dataset;
    return describeShortfalls(split, { validation: isOwnTable ? 0 : validationSplit, test: testSplit });
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

  /** Figures on the validation rows; `undefined` when there are none, or the signal came first. */
  async *#validate(epoch: number): AsyncGenerator<TrainingEvent, Validation | undefined> {
    const { validation } = this.#prepared;
    const logits = validation && (yield* this.#predict(epoch, "validation", validation));
    if (logits === undefined) return undefined;
    this.#validationLogits = logits;
    const { labels, weights } = validation!.tokens;
    const objective = { loss: this.#loss(), rowWeights: weights };
    return await this.#unlessStopped(
      inBackground("measure", [logits, labels, validation!.dataset.labelNames, objective], {
        signal: this.#signal,
      }),
    );
  }

  /** Figures on the test rows; `undefined` when there are none, or the signal came first. */
  async *#test(epoch: number): AsyncGenerator<TrainingEvent, Test | undefined> {
    const { test } = this.#prepared;
    const logits = test && (yield* this.#predict(epoch, "test", test));
    if (logits === undefined) return undefined;
    const { dataset, tokens } = test!;
    const figures = await this.#unlessStopped(
      inBackground("test", [logits, tokens.labels, dataset.labelNames], { signal: this.#signal }),
    );
    return figures && { ...figures, logits };
  }

  /** Logits of some rows; `undefined` when the signal came first. */
  async *#predict(
    epoch: number,
    type: "validation" | "test",
    { tokens }: Rows,
  ): AsyncGenerator<TrainingEvent, Float32Array | undefined> {
    const totalRows = textCount(tokens);
    const reports = new Reports();
    const onProgress = (rows: number) => reports.add(rows);
    const { windowPooling } = this.#options;
    const calls = { signal: this.#signal, onProgress };
    const computing = predictEncoded(this.#prepared.model, tokens, calls, windowPooling);
    const end = () => reports.end();
    computing.then(end, end);
    for await (const rows of reports) yield { type, epoch, rows, totalRows };
    return await this.#unlessStopped(computing);
  }

  /** What is computed; `undefined` when the signal ended it. */
  async #unlessStopped<T>(computing: Promise<T>): Promise<T | undefined> {
    try {
      return await computing;
    } catch (error) {
      if (this.#signal?.aborted) return undefined;
      throw error;
    }
  }

  async #finishEpoch({ epoch, trainingLoss, validation, test, started }: Finished): Promise<EpochEvent> {
    const verdict = this.#best.take(epoch, validation?.metrics);
    const event = (): EpochEvent => ({
      type: "epoch",
      epoch,
      trainingLoss,
      ...(validation && { validation: validation.metrics }),
      ...(typeof validation?.objective === "number" && { objective: validation.objective }),
      ...verdict,
      seconds: (performance.now() - started) / 1000,
    });
    this.#history.push(event());
    if (verdict.kept) {
      this.#keptLogits = this.#validationLogits;
      this.#keptTest = test;
      await this.#saveOutput({ epoch });
    }
    return event();
  }

  async #end(reason: EndEvent["reason"], last?: string): Promise<EndEvent> {
    const keptEpoch = this.#best.epoch;
    // Beside this run's model: a report must not stand beside an earlier run's.
    const reported = keptEpoch === undefined ? (last ?? this.#output) : this.#output;
    const report = this.#options.report ? await writeReport(this.#record(), reported) : undefined;
    return {
      type: "end",
      reason,
      directory: this.#output,
      ...(report !== undefined && { report }),
      ...(keptEpoch !== undefined && { keptEpoch }),
      ...(this.#keptTest && { test: figuresOf(this.#keptTest) }),
      ...(last !== undefined && { lastDirectory: last }),
    };
  }

  async #stop(): Promise<EndEvent> {
    const saved = await this.#saveLast();
    return await this.#end("stopped", saved === this.#output ? undefined : saved);
  }

  /** Saves the present weights: in the output directory, or in `last` inside it when a finished model is there, of whatever run. */
  async #saveLast(): Promise<string> {
    if (this.#savedStep === this.#steps) return this.#output;
    const state = { stoppedAtStep: this.#steps };
    if (!(await holdsModel(this.#output))) {
      await this.#saveOutput(state);
      return this.#output;
    }
    const last = join(this.#output, lastDirectory);
    await this.#save(last, state);
    return last;
  }

  #record(): RunRecord {
    return {
      prepared: this.#prepared,
      options: this.#options,
      output: this.#output,
      steps: this.#stepFigures,
      epochs: this.#history,
      keptEpoch: this.#best.epoch,
      keptLogits: this.#keptLogits,
      test: this.#keptTest,
    };
  }

  async #saveOutput(state: Record<string, unknown>): Promise<void> {
    await this.#save(this.#output, state, this.#lock);
    this.#savedStep = this.#steps;
  }

  #save(directory: string, state: Record<string, unknown>, lock?: DirectoryLock): Promise<void> {
    const { model, tokenizer, config, training, validation, test, split, texts } = this.#prepared;
    const isKept = "epoch" in state;
    const content: ModelToSave = {
      config,
      labelNames: training.dataset.labelNames,
      tagformer: {
        options: this.#options,
        data: training.dataset.source,
        ...(validation && { validationData: validation.dataset.source }),
        texts: storedTexts(texts),
        ...state,
        history: this.#history,
        ...(isKept && this.#keptTest && { test: figuresOf(this.#keptTest) }),
      },
      split: split && formatSplit(training.dataset, split),
      validation: isKept ? storedPredictions(validation, this.#keptLogits) : undefined,
      test: isKept ? storedPredictions(test, this.#keptTest?.logits) : undefined,
      card: cardOf(this.#record()),
      writeTokenizer: (folder) => tokenizer.writeFiles(folder),
      writeWeights: (file) => model.save(file),
    };
    return saveModelDirectory(directory, content, { lock });
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

/** What is known of an epoch when it is over. */
interface Finished {
  readonly epoch: number;
  readonly trainingLoss: number;
  readonly validation: Validation | undefined;
  readonly test: Test | undefined;
  /** When it began, by `performance.now()`. */
  readonly started: number;
}

function figuresOf({ metrics, intervals }: Test): TestFigures {
  return { metrics, intervals };
}

function totalTokens(batches: readonly LabelledBatch[]): number {
  return batches.reduce((total, { ids }) => total + ids.length, 0);
}
