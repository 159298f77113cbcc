import { resolve } from "node:path";
import { z } from "zod";
import type { CallOptions } from "../base/cancel.js";
import type { Facts } from "../base/differences.js";
import { invalidOption } from "../base/errors.js";
import { packageVersion } from "../base/package.js";
import { parseOptions, requireNames } from "../base/parse-options.js";
import type { Dataset } from "../data/dataset.js";
import { reportFailure } from "../distributed/failure-report.js";
import { findLaunch, type Launch } from "../distributed/launch.js";
import { Ranks } from "../distributed/ranks.js";
import { shareOfMachine } from "../distributed/share.js";
import { nativeBuild } from "../native/build.js";
import { callOptions } from "../options/calls.js";
import {
  type CheckpointOptions,
  checkpointOptions,
  type ResolvedCheckpointOptions,
} from "../options/checkpoints.js";
import {
  type DistributedOptions,
  distributedOptions,
  type ResolvedDistributedOptions,
} from "../options/distributed.js";
import { requireEffect } from "../options/effect.js";
import { withPreset } from "../options/presets.js";
import { type ResolvedTrainingOptions, type TrainingOptions, trainingOptions } from "../options/training.js";
import { decide } from "./auto/decide.js";
import { startBaseline } from "./baseline.js";
import { EventQueue } from "./event-queue.js";
import type { EndEvent, TrainingEvent } from "./events.js";
import { agreementOf, factsOfOptions, identityOf } from "./identity.js";
import { TrainingLoop } from "./loop.js";
import { OutputPlace } from "./output-place.js";
import { type ModelSource, modelSource, prepareRun, type RunData } from "./prepare.js";
import { Publisher } from "./publish.js";
import { findResumePoint } from "./resume.js";
import { noPredictions } from "./state.js";

/** A whole training run: where the model comes from, the data, where the result goes, and the options. */
export type TrainingRun<Label extends string = string> = ModelSource &
  RunData<Label> &
  TrainingOptions &
  CheckpointOptions &
  DistributedOptions & {
    /** The model directory to write; a model that tagformer wrote there earlier is replaced. */
    readonly output: string;
  };

const path = z.string().min(1, "expected a path");
const dataset = z.custom<Dataset>(
  (value) => typeof value === "object" && value !== null && "texts" in value && "labels" in value,
  "expected a dataset, such as readDataset() finds",
);

/** {@link TrainingRun} as a schema: a misspelt name is compared with all that there are. */
const runOptions = trainingOptions.extend(checkpointOptions.shape).extend(distributedOptions.shape).extend({
  model: path.optional(),
  config: path.optional(),
  train: dataset,
  validation: dataset.optional(),
  test: dataset.optional(),
  output: path,
});

const expectedSource =
  "a training run takes either `model` (a model directory, a name on the hub, or a TorchScript file) or `config` (a config.json for a fresh model)";

/**
 * Fine-tunes a model on labelled texts. {@link Trainer.train} resolves when that is done; a trainer is also an async iterable
 * of events. The best epoch by `bestMetric` is kept in the output directory, which is complete after every such epoch.
 * Whatever ends a run early, with `resume: true` it goes on from its last checkpoint, and ends with the same bytes as if nothing
 * had been.
 *
 * @example
 * ```ts
 * const { dataset } = await readDataset("tickets.csv");
 * const trainer = new Trainer({ model: "./bert-base-uncased", train: dataset, output: "tickets-model" });
 * const { directory } = await trainer.train();
 * // Or, to see how it goes:
 * for await (const event of trainer) {
 *   if (event.type === "epoch") console.log(event.epoch, event.validation?.micro.f1);
 * }
 * ```
 */
export class Trainer<Label extends string = string> implements AsyncIterable<TrainingEvent<Label>> {
  readonly #source: ModelSource;
  readonly #data: RunData;
  readonly #output: string;
  readonly #options: ResolvedTrainingOptions;
  readonly #checkpoints: ResolvedCheckpointOptions;
  /** Options that the preset `auto` may decide: they were not given. */
  readonly #open: ReadonlySet<string>;
  readonly #distributed: ResolvedDistributedOptions;
  /** `null` where this process trains alone. */
  readonly #launch: Launch | null;

  /** @throws TagformerError `INVALID_OPTION` */
  constructor(run: TrainingRun<Label>) {
    requireNames(run, Object.keys(runOptions.shape));
    const { model, config, train, validation, test, output, ...all } = parseOptions(
      runOptions,
      withPreset(run),
    );
    const { options, checkpoints, distributed } = separate(all);
    this.#source = modelSource({ model, config }, expectedSource);
    const own = { validation: validation !== undefined, test: test !== undefined };
    requireEffect(run, options, own);
    this.#data = { train, validation, test };
    this.#output = resolve(output);
    this.#options = options;
    this.#checkpoints = checkpoints;
    const { preset = "auto", ...given } = { ...run } as Readonly<Record<string, unknown>>;
    const names = Object.keys(trainingOptions.shape);
    this.#open = new Set(preset === "auto" ? names.filter((name) => given[name] === undefined) : []);
    this.#distributed = distributed;
    this.#launch = findLaunch(distributed.distributed);
    if (checkpoints.resume && checkpoints.overwrite)
      throw invalidOption("resume goes on with an unfinished run and overwrite removes it: give one of them");
  }

  /**
   * Trains, and resolves when the run is over.
   *
   * When `signal` is given during the run, it stops after the step that is under way, and the {@link EndEvent} says where its
   * weights are: they never replace a finished model. Before the first step there is nothing to keep: then it rejects with the
   * signal's reason, and nothing is written. A run that was stopped can be resumed as well.
   *
   * @throws TagformerError `INVALID_DATA`, `INVALID_MODEL`, `INVALID_OPTION` or `IO` before the first step, such as for an
   * `output` that has an unfinished run, without `resume` and `overwrite`; `OUTPUT_IN_USE`
   * when another run writes to `output`; `NOT_FINITE` when loss or gradient is NaN or infinite: the message names step, rows
   * and learning rate, and where the last good weights were saved
   */
  async train(options: CallOptions = {}): Promise<EndEvent> {
    return await this.#run(parseOptions(callOptions, options).signal, () => {});
  }

  /** {@link Trainer.events} without a signal. */
  [Symbol.asyncIterator](): AsyncGenerator<TrainingEvent<Label>, void> {
    return this.events();
  }

  /**
   * Trains as {@link Trainer.train} does, and tells what happens. Nothing runs before the iteration begins.
   *
   * The run does not wait for its reader. One who acts on an event at once, without awaiting anything, does so before the
   * next step; one who falls behind gets the newest thousand steps and the newest report on a prediction, but every epoch.
   * Leaving the loop, with `break` or an error, ends the run as a signal does: it stops after the step that is under way,
   * saves its weights where {@link EndEvent} would say, and only then the loop is left.
   *
   * @throws TagformerError as {@link Trainer.train}
   */
  async *events(options: CallOptions = {}): AsyncGenerator<TrainingEvent<Label>, void> {
    const signal = parseOptions(callOptions, options).signal;
    const left = new AbortController();
    const signals = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const queue = new EventQueue();
    const running = this.#run(signals, (event) => queue.add(event));
    const end = () => queue.end();
    running.then(end, end);
    try {
      yield* queue as AsyncIterable<TrainingEvent<Label>>;
    } finally {
      left.abort();
      await running.catch((error: unknown) => {
        if (error !== left.signal.reason) throw error;
      });
    }
  }

  async #run(signal: AbortSignal | undefined, emit: (event: TrainingEvent) => void): Promise<EndEvent> {
    signal?.throwIfAborted();
    const { train } = this.#data;
    const facts = {
      ...agreementOf(factsOfOptions(this.#options)),
      "the number of training rows": train.texts.length,
      "the label names": train.labelNames.join(", "),
    };
    let ranks: Ranks | undefined;
    try {
      ranks = await meetRanks(this.#launch, facts, this.#distributed, signal);
      const end = await this.#runWith(ranks, signal, emit);
      await ranks.leave();
      return end;
    } catch (error) {
      await ranks?.leave(error);
      if (this.#launch !== null && !signal?.aborted) await reportFailure(error);
      throw error;
    }
  }

  async #runWith(
    ranks: Ranks,
    signal: AbortSignal | undefined,
    emit: (event: TrainingEvent) => void,
  ): Promise<EndEvent> {
    const output = this.#output;
    const { resume, allowInexactResume } = this.#checkpoints;
    await using place = new OutputPlace(output);
    const finished = await ranks.decide("the output directory", () => place.open(this.#checkpoints));
    if (finished) {
      emit(finished);
      return finished;
    }
    const { deterministic: ordered } = this.#distributed;
    const asked = this.#options;
    const shared = await withShare(asked, this.#launch);
    const prepared = await prepareRun(this.#source, this.#data, shared, this.#open, signal);
    const over = new AbortController();
    try {
      const { directory, lock } = place;
      const options = { ...prepared.options, device: asked.device, threads: asked.threads };
      if (!resume) await ranks.decide("the start", () => directory.clear());
      const trials = { prepared, options, directory, emit, signal };
      const decided = await decide(trials, this.#open, { resume, isAlone: ranks.isAlone });
      const choices = [...prepared.choices, ...decided.choices];
      const identity = await identityOf(prepared, decided.options, { size: ranks.size, ordered });
      await ranks.requireAgreement(agreementOf(identity), "the start");
      const given = { output, identity, options: decided.options, allowInexact: allowInexactResume };
      const found = await ranks.decide("the start", () =>
        resume ? findResumePoint({ directory, ...given }) : null,
      );
      const end = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
      const { begun } = decided;
      const publisher = new Publisher({
        prepared,
        options: decided.options,
        output,
        lock,
        baseline: ranks.isFirst ? startBaseline(prepared, decided.options, end) : null,
        memory: found?.checkpoint ?? (begun && { steps: begun.log, kept: noPredictions }) ?? undefined,
        choices,
      });
      const checkpoints = { directory, identity, options: this.#checkpoints };
      const run = { prepared, options: decided.options, publisher, checkpoints, choices };
      return await new TrainingLoop({ ...run, emit, signal, ranks, ordered }, found ?? begun).run();
    } finally {
      over.abort(); // a run that failed waits for nothing
      await Promise.all([prepared.model.dispose(), prepared.tokenizer.dispose()]);
    }
  }
}

/** The processes that train together; this one alone where no launcher says otherwise. */
async function meetRanks(
  launch: Launch | null,
  facts: Facts,
  { distributedTimeout: timeout, deterministic }: ResolvedDistributedOptions,
  signal: AbortSignal | undefined,
): Promise<Ranks> {
  if (launch === null) return Ranks.alone;
  const { torchVersion, instructions } = await nativeBuild();
  const versions = {
    "tagformer's version": packageVersion(),
    "libtorch's version": torchVersion,
    "Node.js's version": process.version,
    "the instruction set (TAGFORMER_ISA)": instructions,
  };
  const all = { ...versions, ...facts, "option deterministic": deterministic };
  return await Ranks.meet(launch, all, { timeout, signal });
}

/** The options with this process's share of its machine. */
async function withShare(
  options: ResolvedTrainingOptions,
  launch: Launch | null,
): Promise<ResolvedTrainingOptions> {
  return launch === null ? options : await shareOfMachine(options, launch, { share: false });
}

/** The options that decide the result, which are saved with it, and those that do not. */
function separate(all: ResolvedTrainingOptions & ResolvedCheckpointOptions & ResolvedDistributedOptions): {
  readonly options: ResolvedTrainingOptions;
  readonly checkpoints: ResolvedCheckpointOptions;
  readonly distributed: ResolvedDistributedOptions;
} {
  const {
    resume,
    overwrite,
    allowInexactResume,
    checkpoints,
    checkpointMinutes,
    checkpointSteps,
    distributed,
    distributedTimeout,
    deterministic,
    ...options
  } = all;
  return {
    options,
    distributed: { distributed, distributedTimeout, deterministic },
    checkpoints: {
      resume,
      overwrite,
      allowInexactResume,
      checkpoints,
      checkpointMinutes,
      checkpointSteps,
    },
  };
}
