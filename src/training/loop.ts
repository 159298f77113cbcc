// The epoch loop: what a prepared run does from its first step to its last event.
import { setImmediate } from "node:timers/promises";
import type { Facts } from "../base/differences.js";
import { TagformerError } from "../base/errors.js";
import { numberOf, unitOf } from "../data/dataset.js";
import type { Ranks } from "../distributed/ranks.js";
import type { Objective } from "../evaluation/objective.js";
import { readSafetensors } from "../model/safetensors.js";
import type { NativeTraining } from "../native/training.js";
import type { NativeStep } from "../native/types.js";
import type { ResolvedCheckpointOptions } from "../options/checkpoints.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { Choice } from "./auto/choice.js";
import type { BegunRun } from "./auto/decide.js";
import { judgeEpoch, rankEpoch } from "./best-epoch.js";
import { describeCheckpoints } from "./checkpoint-size.js";
import { Checkpointer } from "./checkpointer.js";
import type { EndEvent, EpochEvent, StartEvent, TrainingEvent } from "./events.js";
import { HeldRows, type Validation } from "./held-rows.js";
import { lengthOf, type RunLength, stepsOfEpoch } from "./length.js";
import { lossOf } from "./loss.js";
import { nativeOptions } from "./native-options.js";
import { Pace } from "./pace.js";
import type { PreparedRun } from "./prepare.js";
import type { Publisher } from "./publish.js";
import { type ResumePoint, resumedEvent } from "./resume.js";
import type { RunDirectory } from "./run-directory.js";
import { startEvent } from "./start-event.js";
import { beginNextEpoch, type EpochPredictions, initialState, type RunState, whyOver } from "./state.js";
import { partOfStep, rowsOfSteps } from "./step-rows.js";

/** Rows that the message about a step that failed lists. */
const shownRows = 10;

/** What the loop works with. */
interface LoopParts {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  readonly publisher: Publisher;
  /** Where and when checkpoints are written, and of what run. */
  readonly checkpoints: {
    readonly directory: RunDirectory;
    readonly identity: Facts;
    readonly options: ResolvedCheckpointOptions;
  };
  /** Takes every event, in order, and does not keep the run waiting. */
  readonly emit: (event: TrainingEvent) => void;
  readonly signal: AbortSignal | undefined;
  /** What was decided for the user. */
  readonly choices: readonly Choice[];
  /** The processes that train together. */
  readonly ranks: Ranks;
  /** Adds their gradients in the order of the ranks. */
  readonly ordered: boolean;
}

/** Trains from a state to the end, or until the signal is given. All that it remembers is in the state. */
export class TrainingLoop {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #publisher: Publisher;
  readonly #emit: (event: TrainingEvent) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #ranks: Ranks;
  readonly #ordered: boolean;
  readonly #directory: RunDirectory;
  readonly #point: ResumePoint | BegunRun | null;
  readonly #choices: readonly Choice[];
  readonly #state: RunState;
  readonly #length: RunLength;
  readonly #pace: Pace;
  readonly #heldRows: HeldRows;
  /** A rank wants to end, and all know it. */
  #agreedToStop = false;
  /** `null` where none are wanted, or another rank writes them. */
  readonly #checkpointer: Checkpointer | null;

  /** @param point where the run goes on, after an interruption or a trial; `null` to begin it */
  constructor(
    { prepared, options, publisher, checkpoints, emit, signal, choices, ranks, ordered }: LoopParts,
    point: ResumePoint | BegunRun | null,
  ) {
    this.#choices = choices;
    this.#prepared = prepared;
    this.#options = options;
    this.#publisher = publisher;
    this.#emit = emit;
    this.#signal = signal;
    this.#ranks = ranks;
    this.#ordered = ordered;
    this.#directory = checkpoints.directory;
    this.#point = point;
    this.#state = point?.state ?? initialState();
    const trainingRows = prepared.training.origin.length;
    this.#length = lengthOf(trainingRows, options);
    const validationRows = prepared.validation?.origin.length ?? 0;
    this.#pace = new Pace({ ...this.#length, batchSize: options.batchSize, validationRows });
    const { windowPooling, keep } = options;
    const onRows = this.#rowsPredicted.bind(this);
    const asked = { windowPooling, loss: this.#loss(), asksNoise: keep === "last-good" };
    this.#heldRows = new HeldRows({ prepared, ...asked, ranks, onRows, signal });
    this.#checkpointer =
      checkpoints.options.checkpoints && ranks.isFirst
        ? new Checkpointer({
            ...checkpoints,
            size: { totalSteps: this.#length.totalSteps, epochs: this.#length.epochs },
            remember: () => ({
              identity: checkpoints.identity,
              state: this.#state,
              steps: publisher.steps.values(),
              kept: publisher.kept,
            }),
            failed: emit,
          })
        : null;
  }

  /** See `Trainer.train`. */
  async run(): Promise<EndEvent> {
    const training = await this.#startTraining();
    await this.#tell(await this.#ranks.decide("the start", () => this.#startEvent()));
    this.#signal?.throwIfAborted();
    if (this.#point && "checkpoint" in this.#point) await this.#goOn(this.#point);
    else await this.#checkpointer?.begin();
    try {
      const reason = await this.#epochs(training);
      const end = await this.#ranks.decide("the end", () =>
        this.#finish(reason, reason === "stopped" ? training : null),
      );
      await this.#tell(end);
      return end;
    } catch (error) {
      throw await this.#withLastWeights(error, training);
    }
  }

  async #goOn({ checkpoint }: ResumePoint): Promise<void> {
    const size = { steps: this.#length.totalSteps, batchSize: this.#options.batchSize };
    const resumed = () => resumedEvent(checkpoint, size, this.#directory);
    await this.#tell(await this.#ranks.decide("the start", resumed));
    this.#state.resumedAfter.push(this.#state.steps);
  }

  /** The last checkpoint comes first: whatever happens to the files that follow, they can be written again. */
  async #finish(reason: EndEvent["reason"], training: NativeTraining | null): Promise<EndEvent> {
    await this.#checkpointer?.finish(training);
    const end = await this.#publisher.finish(this.#state, reason);
    if (reason !== "stopped") await this.#directory.clear();
    const problem = this.#checkpointer?.problem ?? null;
    return problem === null ? end : { ...end, checkpointProblem: problem };
  }

  /** Hands an event out, and lets its reader act on it, for example stop the run, before the run goes on. */
  async #tell(event: TrainingEvent): Promise<void> {
    this.#emit(event);
    await setImmediate();
  }

  async #epochs(training: NativeTraining): Promise<EndEvent["reason"]> {
    for (;;) {
      const over = this.#whyOver();
      if (over !== null) return over;
      if (this.#stopped) return "stopped";
      const finished = await this.#epoch(training);
      if (!finished) return "stopped";
    }
  }

  /** An epoch from where its state is; `false` when the signal came before its end. */
  async #epoch(training: NativeTraining): Promise<boolean> {
    const state = this.#state;
    const started = performance.now() - 1000 * state.secondsInEpoch;
    const seconds = () => (performance.now() - started) / 1000;
    const batches = rowsOfSteps(this.#prepared.training, this.#options, state.epoch).slice(
      0,
      stepsOfEpoch(this.#length, state.epoch),
    );
    while (state.stepsInEpoch < batches.length) {
      await this.#step(training, batches[state.stepsInEpoch]!);
      state.secondsInEpoch = seconds();
      if (this.#stopped) return false;
      await this.#checkpointer?.stepMade(training, state);
    }
    const trained = performance.now();
    await this.#requireEqualWeights(training);
    const validation = await this.#heldRows.validate();
    if (this.#wasStopped(this.#prepared.validation, validation)) return false;
    // Every model that may turn out to be the last one kept is judged, so that each saved directory is whole.
    const { kept } = judgeEpoch(state.ranking, validation, this.#options);
    const test = kept ? await this.#heldRows.test() : undefined;
    if (kept && this.#wasStopped(this.#prepared.test, test)) return false;
    const predicted = performance.now();
    const event = await this.#close(validation, test, seconds);
    this.#pace.epochClosed((performance.now() - (validation ? predicted : trained)) / 1000);
    beginNextEpoch(state);
    if (this.#whyOver() === null) await this.#checkpointer?.epochEnded(training);
    await this.#tell(event);
    return true;
  }

  async #startTraining(): Promise<NativeTraining> {
    const { model } = this.#prepared;
    const options = nativeOptions(this.#prepared, this.#options, this.#length.totalSteps);
    const training = await model.startTraining({ ...options, ordered: this.#ordered }, this.#ranks.session);
    const tensors = this.#point?.tensors ?? null;
    if (tensors !== null) {
      const sources = this.#ranks.isFirst ? await readSafetensors(tensors) : [];
      await training.restore(sources, this.#state.steps);
    }
    return training;
  }

  #whyOver(): ReturnType<typeof whyOver> {
    return whyOver(this.#state, { epochs: this.#length.epochs, patience: this.#options.patience });
  }

  #loss(): Objective["loss"] {
    const { dataset, origin } = this.#prepared.training;
    return lossOf(this.#options, dataset, origin);
  }

  async #startEvent(): Promise<StartEvent> {
    const { parameters } = this.#prepared.model.info;
    const notes = [
      ...this.#publisher.notes,
      ...(this.#point && "checkpoint" in this.#point ? this.#point.notes : []),
      ...(this.#ranks.description === null ? [] : [this.#ranks.description]),
      ...(this.#checkpointer ? await describeCheckpoints(this.#directory, parameters) : []),
    ];
    const [prepared, options, choices, length] = [this.#prepared, this.#options, this.#choices, this.#length];
    return startEvent({ prepared, options, choices, length, notes });
  }

  async #step(training: NativeTraining, rows: Int32Array): Promise<void> {
    const started = performance.now();
    const { batches, tokens, share } = partOfStep(this.#prepared.training, rows, this.#options, this.#ranks);
    const stop = this.#signal?.aborted ?? false;
    const result = await training.step(batches, share && { share: { ...share, stop } });
    this.#agreedToStop = result.stop;
    if (!result.applied) throw await this.#notFinite(result, rows);
    const { step, loss, learningRate, gradientNorm } = result;
    const state = this.#state;
    state.steps = step;
    state.stepsInEpoch++;
    state.lossSum += loss;
    this.#publisher.steps.add({ step, loss, learningRate });
    this.#pace.stepMade(rows.length, tokens, (performance.now() - started) / 1000);
    await this.#tell({
      type: "step",
      epoch: state.epoch,
      step,
      loss,
      learningRate,
      gradientNorm,
      rows: rows.length,
      tokens,
      extraParts: result.parts - batches.length,
      ...this.#pace.training,
      secondsLeft: this.#pace.secondsLeft(state),
    });
  }

  /** The run ends after this step. Of several ranks one alone may not: all learn of it in the next step. */
  get #stopped(): boolean {
    return this.#ranks.isAlone ? (this.#signal?.aborted ?? false) : this.#agreedToStop;
  }

  /** Whether there are rows of which nothing was found because a rank was stopped. */
  #wasStopped(rows: unknown, found: unknown): boolean {
    if (this.#ranks.isAlone) return this.#signal?.aborted ?? false;
    this.#agreedToStop = rows !== undefined && found === undefined;
    return this.#agreedToStop;
  }

  /** @throws TagformerError `DISTRIBUTED` when a rank has come to other weights than the rest */
  async #requireEqualWeights(training: NativeTraining): Promise<void> {
    if (this.#ranks.isAlone) return;
    const weights = String(await training.weightsDigest());
    await this.#ranks.requireAgreement(
      { [`the digest of the weights after step ${this.#state.steps}`]: weights },
      `the end of epoch ${this.#state.epoch}`,
    );
  }

  #rowsPredicted(type: "validation" | "test", rows: number, totalRows: number, seconds: number): void {
    this.#pace.rowsPredicted(rows, seconds);
    this.#emit({
      type,
      epoch: this.#state.epoch,
      rows,
      totalRows,
      rowsPerSecond: this.#pace.predictedPerSecond,
      secondsLeft: this.#pace.secondsLeft(this.#state, type === "validation" ? rows : totalRows),
    });
  }

  /** Ranks the epoch, and saves its model if it is kept. */
  async #close(
    validation: Validation | undefined,
    test: EpochPredictions["test"],
    seconds: () => number,
  ): Promise<EpochEvent> {
    const state = this.#state;
    const { epoch } = state;
    const verdict = judgeEpoch(state.ranking, validation, this.#options);
    const { bestMetric } = this.#options;
    const before = state.ranking;
    state.ranking = rankEpoch(state.ranking, epoch, validation, verdict, bestMetric);
    const event = (): EpochEvent => ({
      type: "epoch",
      epoch,
      trainingLoss: state.lossSum / state.stepsInEpoch,
      ...(validation && { validation: validation.metrics }),
      ...(typeof validation?.objective === "number" && { objective: validation.objective }),
      ...verdict,
      seconds: seconds(),
    });
    state.history.push(event());
    try {
      return await this.#ranks.decide(`the end of epoch ${epoch}`, async () => {
        if (verdict.kept) await this.#publisher.keep(state, { validationLogits: validation?.logits, test });
        return event();
      });
    } catch (error) {
      // The epoch is not over: who resumes the run closes it again.
      state.history.pop();
      state.ranking = before;
      throw error;
    }
  }

  async #notFinite(
    { step, loss, gradientNorm, learningRate }: NativeStep,
    rows: Int32Array,
  ): Promise<TagformerError> {
    const saved = await this.#ranks.decide("saving", () => this.#publisher.saveLast(this.#state));
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

  /** Saves the weights of a run that another failure ends, such as a lack of memory, and says where they are. */
  async #withLastWeights(error: unknown, training: NativeTraining): Promise<unknown> {
    const { steps } = this.#state;
    if (!this.#ranks.isFirst) return error;
    await this.#checkpointer?.finish(training).catch(() => {});
    if (!(error instanceof TagformerError) || error.code === "NOT_FINITE" || steps === 0) return error;
    const saved = await this.#publisher.saveLast(this.#state).catch(() => null);
    if (saved === null) return error;
    return new TagformerError(
      error.code,
      `${error.message}; the weights of step ${steps}, the last one, are in ${saved}`,
      { cause: error },
    );
  }
}
