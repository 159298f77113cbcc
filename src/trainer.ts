import { join, resolve } from "node:path";
import { TagformerError } from "./errors.js";
import { type Evaluation, evaluate } from "./evaluation/metrics.js";
import { predictLogits } from "./inference.js";
import { checkSaveTarget, saveModelDirectory } from "./model/save.js";
import type { NativeStep } from "./native.js";
import {
  parseOptions,
  type ResolvedTrainingOptions,
  type TrainingOptions,
  trainingOptions,
} from "./options.js";
import { generator } from "./random.js";
import type { LabelledBatch } from "./text/batch.js";
import { rowCount, selectLabelledRows, trainingPlan } from "./text/plan.js";
import type { EndEvent, EpochEvent, StepEvent, TrainingEvent } from "./training/events.js";
import { BestEpoch } from "./training/keep.js";
import { type ModelSource, type PreparedRun, prepareRun, type RunData } from "./training/prepare.js";

/** A whole training run: where the model comes from, the data, where the result goes, and the options. */
export type TrainingRun = ModelSource &
  RunData &
  TrainingOptions & {
    /** The model directory to write; a model that tagformer wrote there earlier is replaced. */
    readonly output: string;
  };

/**
 * Fine-tunes a model on labelled texts.
 *
 * A trainer is an async iterable of events: nothing runs before it is iterated, and leaving the loop stops the run. The
 * best epoch by `bestMetric` is kept in the output directory, which is complete after every such epoch.
 *
 * @example
 * ```ts
 * const { dataset } = await readDataset("tickets.csv");
 * for await (const event of new Trainer({ model: "bert-base-uncased", train: dataset, output: "tickets-model" })) {
 *   if (event.type === "epoch") console.log(event.epoch, event.validation?.micro.f1);
 * }
 * ```
 */
export class Trainer implements AsyncIterable<TrainingEvent> {
  readonly #run: ModelSource & RunData;
  readonly #output: string;
  readonly #options: ResolvedTrainingOptions;

  /** @throws TagformerError `INVALID_OPTION` */
  constructor(run: TrainingRun) {
    const { train, validation, output, ...rest } = run;
    const source = takeSource(rest);
    this.#run = { ...source.source, train, validation };
    this.#output = resolve(output);
    this.#options = parseOptions(trainingOptions, source.rest);
  }

  /** Runs the training; `run()` with no signal. */
  [Symbol.asyncIterator](): AsyncGenerator<TrainingEvent, void> {
    return this.run();
  }

  /**
   * Runs the training.
   *
   * When `signal` is given, the run stops after the step that is under way and ends with an {@link EndEvent} that says
   * where its weights lie.
   *
   * @throws TagformerError `NOT_FINITE` when loss or gradient is NaN or infinite: the message names step, rows and
   * learning rate, and where the last good weights were saved
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainingEvent, void> {
    await checkSaveTarget(this.#output);
    const prepared = await prepareRun(this.#run, this.#run, this.#options);
    try {
      yield* new Run(prepared, this.#options, this.#output, signal).events();
    } finally {
      await prepared.model.dispose();
    }
  }
}

/** The state of a run between its events. */
class Run {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #output: string;
  readonly #signal: AbortSignal | undefined;
  readonly #best: BestEpoch;
  readonly #stepsPerEpoch: number;
  readonly #history: EpochEvent[] = [];

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
    this.#best = new BestEpoch(options.bestMetric, options.patience);
    this.#stepsPerEpoch = Math.ceil(prepared.training.origin.length / options.batchSize);
  }

  async *events(): AsyncGenerator<TrainingEvent, void> {
    const { model, training, validation } = this.#prepared;
    const { epochs } = this.#options;
    const steps = epochs * this.#stepsPerEpoch;
    await model.startTraining({
      ...this.#options,
      warmupSteps: Math.round(this.#options.warmup * steps),
      totalSteps: steps,
    });
    yield {
      type: "start",
      trainingRows: training.origin.length,
      validationRows: validation?.origin.length ?? 0,
      labels: training.dataset.labelNames,
      epochs,
      steps,
      parameters: model.info.parameters,
      initialised: model.info.initialised,
      ignored: model.info.ignored,
      headReset: this.#prepared.headReset,
      maxLength: this.#prepared.maxLength,
      truncatedTexts: this.#prepared.truncatedTexts,
    };
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const started = performance.now();
      let loss = 0;
      for (const rows of this.#batches(epoch)) {
        const event = await this.#step(epoch, rows);
        loss += event.loss;
        yield event;
        if (this.#signal?.aborted) return yield await this.#stopped(event.step);
      }
      const metrics = yield* this.#validate(epoch);
      if (this.#signal?.aborted) return yield await this.#stopped(epoch * this.#stepsPerEpoch);
      yield await this.#finishEpoch(epoch, loss / this.#stepsPerEpoch, metrics, started);
      if (this.#best.exhausted && epoch < epochs) return yield this.#end("early stop");
    }
    yield this.#end("finished");
  }

  /** The rows of each step: a new seeded order every epoch, which depends on nothing but seed and epoch. */
  #batches(epoch: number): Int32Array[] {
    const order = Int32Array.from(this.#prepared.training.origin.keys());
    generator(this.#options.seed, `epoch ${epoch}`).shuffle(order);
    return trainingPlan(order, this.#options.batchSize);
  }

  async #step(epoch: number, rows: Int32Array): Promise<StepEvent> {
    const { tokens } = this.#prepared.training;
    const parts = trainingPlan(rows, Math.ceil(rows.length / this.#options.gradientAccumulation));
    const batches = parts.map((part) => selectLabelledRows(tokens, part));
    const result = await this.#prepared.model.trainStep(batches);
    if (!result.applied) throw await this.#notFinite(result, rows);
    const { step, loss, learningRate, gradientNorm } = result;
    return {
      type: "step",
      epoch,
      step,
      loss,
      learningRate,
      gradientNorm,
      rows: rows.length,
      tokens: totalTokens(batches),
    };
  }

  async *#validate(epoch: number): AsyncGenerator<TrainingEvent, Evaluation | undefined> {
    const { model, validation } = this.#prepared;
    if (!validation) return undefined;
    const totalRows = rowCount(validation.tokens);
    const progress = new Progress();
    const computing = predictLogits(model, validation.tokens, {
      onProgress: (rows) => progress.report(rows),
    });
    computing.then(
      () => progress.end(),
      () => progress.end(),
    );
    for await (const rows of progress) yield { type: "validation", epoch, rows, totalRows };
    return evaluate({ logits: await computing }, validation.tokens.labels, validation.dataset.labelNames);
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
    if (best) await this.#save(this.#output, { epoch, history: this.#history });
    return event();
  }

  #end(reason: EndEvent["reason"], lastDirectory?: string): EndEvent {
    const bestEpoch = this.#best.epoch;
    return {
      type: "end",
      reason,
      directory: this.#output,
      ...(bestEpoch !== undefined && { bestEpoch }),
      ...(lastDirectory !== undefined && { lastDirectory }),
    };
  }

  async #stopped(step: number): Promise<EndEvent> {
    const saved = await this.#saveLast(step);
    return this.#end("stopped", saved === this.#output ? undefined : saved);
  }

  /** Saves the present weights: in the output directory, or in `last` inside it when it holds a finished epoch. */
  async #saveLast(step: number): Promise<string> {
    const directory = this.#best.epoch === undefined ? this.#output : join(this.#output, "last");
    await this.#save(directory, { stoppedAtStep: step, history: this.#history });
    return directory;
  }

  #save(directory: string, state: Record<string, unknown>): Promise<void> {
    const { model, tokenizer, modelConfig, training } = this.#prepared;
    return saveModelDirectory(directory, {
      config: modelConfig.config,
      labelNames: training.dataset.labelNames,
      tagformer: { options: this.#options, data: training.dataset.source, ...state },
      writeTokenizer: (folder) => tokenizer.writeFiles(folder),
      writeWeights: (file) => model.save(file),
    });
  }

  async #notFinite(
    { step, loss, gradientNorm, learningRate }: NativeStep,
    rows: Int32Array,
  ): Promise<TagformerError> {
    const saved = await this.#saveLast(step - 1);
    const { dataset, origin } = this.#prepared.training;
    const places = Array.from(rows, (row) => dataset.lines?.[origin[row]!] ?? origin[row]! + 1);
    const shown =
      places.slice(0, 10).join(", ") + (places.length > 10 ? `, ... (${places.length} rows)` : "");
    const what = Number.isFinite(loss) ? `gradient norm is ${gradientNorm}` : `loss is ${loss}`;
    const where = `step ${step} (learning rate ${learningRate}, ${dataset.lines ? "lines" : "rows"} ${shown} of ${dataset.source})`;
    return new TagformerError(
      "NOT_FINITE",
      `the ${what} at ${where}; that step was not applied, and the weights before it are in ${saved}. Try a smaller --learning-rate`,
    );
  }
}

/** Turns the callback of a computation into an async iteration; reports that come too fast are merged. */
class Progress {
  #latest: number | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  report(rows: number): void {
    this.#latest = rows;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number, void> {
    while (true) {
      if (this.#latest !== undefined) {
        const rows = this.#latest;
        this.#latest = undefined;
        yield rows;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }
}

function totalTokens(batches: readonly LabelledBatch[]): number {
  return batches.reduce((total, { ids }) => total + ids.length, 0);
}

/** Separates the model's source from the options, and checks it. */
function takeSource(run: ModelSource & TrainingOptions): { source: ModelSource; rest: TrainingOptions } {
  const { model, config, tokenizer, ...rest } = run as TrainingOptions & {
    model?: string;
    config?: string;
    tokenizer?: string;
  };
  if (model !== undefined && config === undefined && tokenizer === undefined)
    return { source: { model }, rest };
  if (config !== undefined && model === undefined) return { source: { config, tokenizer }, rest };
  throw new TagformerError(
    "INVALID_OPTION",
    "a training run takes either `model` (a model directory) or `config` (a config.json for a fresh model) with `tokenizer` (a directory)",
  );
}
