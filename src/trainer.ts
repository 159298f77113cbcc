import { resolve } from "node:path";
import { z } from "zod";
import type { Dataset } from "./data/dataset.js";
import { TagformerError } from "./errors.js";
import { lockDirectory } from "./model/lock.js";
import { checkSaveTarget } from "./model/save.js";
import {
  parseOptions,
  type ResolvedTrainingOptions,
  type TrainingOptions,
  trainingOptions,
  withPreset,
} from "./options.js";
import type { TrainingEvent } from "./training/events.js";
import { type ModelSource, prepareRun, type RunData } from "./training/prepare.js";
import { Run } from "./training/run.js";

/** A whole training run: where the model comes from, the data, where the result goes, and the options. */
export type TrainingRun = ModelSource &
  RunData &
  TrainingOptions & {
    /** The model directory to write; a model that tagformer wrote there earlier is replaced. */
    readonly output: string;
  };

const path = z.string().min(1, "expected a path");
const dataset = z.custom<Dataset>(
  (value) => typeof value === "object" && value !== null && "texts" in value && "labels" in value,
  "expected a dataset, such as readDataset() finds",
);

/** {@link TrainingRun} as a schema: a misspelt name is compared with all that there are. */
const runOptions = trainingOptions.extend({
  model: path.optional(),
  config: path.optional(),
  train: dataset,
  validation: dataset.optional(),
  output: path,
});

/**
 * Fine-tunes a model on labelled texts.
 *
 * A trainer is an async iterable of events: nothing runs before it is iterated, and leaving the loop stops the run. The
 * best epoch by `bestMetric` is kept in the output directory, which is complete after every such epoch.
 *
 * @example
 * ```ts
 * const { dataset } = await readDataset("tickets.csv");
 * for await (const event of new Trainer({ model: "./bert-base-uncased", train: dataset, output: "tickets-model" })) {
 *   if (event.type === "epoch") console.log(event.epoch, event.validation?.micro.f1);
 * }
 * ```
 */
export class Trainer implements AsyncIterable<TrainingEvent> {
  readonly #source: ModelSource;
  readonly #data: RunData;
  readonly #output: string;
  readonly #options: ResolvedTrainingOptions;

  /** @throws TagformerError `INVALID_OPTION` */
  constructor(run: TrainingRun) {
    const { model, config, train, validation, output, ...options } = parseOptions(
      runOptions,
      withPreset(run),
    );
    this.#source = modelSource(model, config);
    this.#data = { train, validation };
    this.#output = resolve(output);
    this.#options = options;
  }

  /** Runs the training; `run()` with no signal. */
  [Symbol.asyncIterator](): AsyncGenerator<TrainingEvent, void> {
    return this.run();
  }

  /**
   * Runs the training.
   *
   * When `signal` is given during the run, it stops after the step that is under way and ends with an {@link EndEvent}
   * that says where its weights lie. Before the first step there is nothing to keep: then it rejects with the signal's
   * reason, and nothing is written.
   *
   * @throws TagformerError `INVALID_DATA`, `INVALID_MODEL`, `INVALID_OPTION` or `IO` before the first step; `NOT_FINITE`
   * when loss or gradient is NaN or infinite: the message names step, rows and learning rate, and where the last good
   * weights were saved
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainingEvent, void> {
    signal?.throwIfAborted();
    await using lock = await lockDirectory(this.#output, "training");
    await checkSaveTarget(this.#output, lock);
    const prepared = await prepareRun(this.#source, this.#data, this.#options, signal);
    try {
      yield* new Run(prepared, this.#options, this.#output, lock, signal).events();
    } finally {
      await Promise.all([prepared.model.dispose(), prepared.tokenizer.dispose()]);
    }
  }
}

function modelSource(model: string | undefined, config: string | undefined): ModelSource {
  if (model !== undefined && config === undefined) return { model };
  if (config !== undefined && model === undefined) return { config };
  throw new TagformerError(
    "INVALID_OPTION",
    "a training run takes either `model` (a model directory, a name on the hub, or a TorchScript file) or `config` (a config.json for a fresh model)",
  );
}
