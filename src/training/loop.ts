// The epoch loop: what a prepared run does from its first step to its last event.
import { setImmediate } from "node:timers/promises";
import { TagformerError } from "../base/errors.js";
import { numberOf, unitOf } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { selectRows } from "../data/select-rows.js";
import { inBackground } from "../evaluation/background.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Objective } from "../evaluation/objective.js";
import { readSafetensors } from "../model/safetensors.js";
import type { NativeTraining } from "../native/training.js";
import type { NativeStep } from "../native/types.js";
import type { ResolvedCheckpointOptions } from "../options/checkpoints.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { predictEncoded } from "../predict/encoded-texts.js";
import type { LabelledBatch } from "../text/batch.js";
import { textCount } from "../text/plan.js";
import type { Choice } from "./auto/choice.js";
import type { BegunRun } from "./auto/decide.js";
import { judgeEpoch, rankEpoch } from "./best-epoch.js";
import { describeCheckpoints } from "./checkpoint-size.js";
import { Checkpointer } from "./checkpointer.js";
import type { EndEvent, EpochEvent, StartEvent, TrainingEvent } from "./events.js";
import type { RunIdentity } from "./identity.js";
import { lengthOf, type RunLength, stepsOfEpoch } from "./length.js";
import { lossOf } from "./loss.js";
import { nativeOptions } from "./native-options.js";
import { Pace } from "./pace.js";
import type { PreparedRun, Rows } from "./prepare.js";
import type { Publisher } from "./publish.js";
import { type ResumePoint, resumedEvent } from "./resume.js";
import type { RunDirectory } from "./run-directory.js";
import { startEvent } from "./start-event.js";
import { beginNextEpoch, type EpochPredictions, initialState, type RunState, whyOver } from "./state.js";
import { microBatches, rowsOfSteps } from "./step-rows.js";

/** Rows that the message about a step that failed lists. */
const shownRows = 10;

/** What an epoch did on the validation rows. */
interface Validation {
  readonly metrics: Evaluation;
  /** The training's own loss; `null` when no element is labelled. */
  readonly objective: number | null;
  readonly logits: Float32Array;
}

/** What the loop works with. */
interface LoopParts {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  readonly publisher: Publisher;
  /** Where and when checkpoints are written, and of what run. */
  readonly checkpoints: {
    readonly directory: RunDirectory;
    readonly identity: RunIdentity;
    readonly options: ResolvedCheckpointOptions;
  };
  /** Takes every event, in order, and does not keep the run waiting. */
  readonly emit: (event: TrainingEvent) => void;
  readonly signal: AbortSignal | undefined;
  /** What was decided for the user. */
  readonly choices: readonly Choice[];
}

/** Trains from a state to the end, or until the signal is given. All that it remembers is in the state. */
export class TrainingLoop {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #publisher: Publisher;
  readonly #emit: (event: TrainingEvent) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #directory: RunDirectory;
  readonly #point: ResumePoint | BegunRun | null;
  readonly #choices: readonly Choice[];
  readonly #state: RunState;
  readonly #length: RunLength;
  readonly #pace: Pace;
  /** `null` where none are wanted. */
  readonly #checkpointer: Checkpointer | null;

  /** @param point where the run goes on, after an interruption or a trial; `null` to begin it */
  constructor(
    { prepared, options, publisher, checkpoints, emit, signal, choices }: LoopParts,
    point: ResumePoint | BegunRun | null,
  ) {
    this.#choices = choices;
    this.#prepared = prepared;
    this.#options = options;
    this.#publisher = publisher;
    this.#emit = emit;
    this.#signal = signal;
    this.#directory = checkpoints.directory;
    this.#point = point;
    this.#state = point?.state ?? initialState();
    const trainingRows = prepared.training.origin.length;
    this.#length = lengthOf(trainingRows, options);
    const validationRows = prepared.validation?.origin.length ?? 0;
    this.#pace = new Pace({ ...this.#length, batchSize: options.batchSize, validationRows });
    this.#checkpointer = checkpoints.options.checkpoints
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
    await this.#tell(await this.#startEvent());
    this.#signal?.throwIfAborted();
    if (this.#point && "checkpoint" in this.#point) await this.#goOn(this.#point);
    else await this.#checkpointer?.begin();
    try {
      const reason = await this.#epochs(training);
      const end = await this.#finish(reason, reason === "stopped" ? training : null);
      await this.#tell(end);
      return end;
    } catch (error) {
      throw await this.#withLastWeights(error, training);
    }
  }

  async #goOn({ checkpoint }: ResumePoint): Promise<void> {
    const size = { steps: this.#length.totalSteps, batchSize: this.#options.batchSize };
    await this.#tell(await resumedEvent(checkpoint, size, this.#directory));
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
      if (this.#signal?.aborted) return "stopped";
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
      if (this.#signal?.aborted) return false;
      await this.#checkpointer?.stepMade(training, state);
    }
    const trained = performance.now();
    const validation = await this.#validate();
    if (this.#signal?.aborted) return false;
    // Every model that may turn out to be the last one kept is judged, so that each saved directory is whole.
    const { kept } = judgeEpoch(state.ranking, validation?.metrics, this.#options);
    const test = kept ? await this.#test() : undefined;
    if (this.#signal?.aborted) return false;
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
    const training = await model.startTraining(
      nativeOptions(this.#prepared, this.#options, this.#length.totalSteps),
    );
    const tensors = this.#point?.tensors ?? null;
    if (tensors !== null) await training.restore(await readSafetensors(tensors), this.#state.steps);
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
      ...(this.#checkpointer ? await describeCheckpoints(this.#directory, parameters) : []),
    ];
    const [prepared, options, choices, length] = [this.#prepared, this.#options, this.#choices, this.#length];
    return startEvent({ prepared, options, choices, length, notes });
  }

  async #step(training: NativeTraining, rows: Int32Array): Promise<void> {
    const started = performance.now();
    const batches = microBatches(this.#prepared.training, rows, this.#options);
    const result = await training.step(batches);
    if (!result.applied) throw await this.#notFinite(result, rows);
    const { step, loss, learningRate, gradientNorm } = result;
    const state = this.#state;
    state.steps = step;
    state.stepsInEpoch++;
    state.lossSum += loss;
    this.#publisher.steps.add({ step, loss, learningRate });
    const tokensOfStep = totalTokens(batches);
    this.#pace.stepMade(rows.length, tokensOfStep, (performance.now() - started) / 1000);
    await this.#tell({
      type: "step",
      epoch: state.epoch,
      step,
      loss,
      learningRate,
      gradientNorm,
      rows: rows.length,
      tokens: tokensOfStep,
      extraParts: result.parts - batches.length,
      ...this.#pace.training,
      secondsLeft: this.#pace.secondsLeft(state),
    });
  }

  /** Figures on the validation rows; `undefined` when there are none, or the signal came first. */
  async #validate(): Promise<Validation | undefined> {
    const { validation } = this.#prepared;
    const logits = validation && (await this.#predict("validation", validation));
    if (logits === undefined) return undefined;
    const { labels, weights } = validation!.tokens;
    const objective = { loss: this.#loss(), rowWeights: weights };
    const figures = await this.#unlessStopped(
      inBackground("measure", [logits, labels, validation!.dataset.labelNames, objective], {
        signal: this.#signal,
      }),
    );
    return figures && { ...figures, logits };
  }

  /** Figures on the test rows; `undefined` when there are none, or the signal came first. */
  async #test(): Promise<EpochPredictions["test"]> {
    const { test } = this.#prepared;
    const logits = test && (await this.#predict("test", test));
    if (logits === undefined) return undefined;
    const { dataset, tokens, origin } = test!;
    const clusters = clustersOf(selectRows(dataset, origin));
    const figures = await this.#unlessStopped(
      inBackground("test", [logits, tokens.labels, dataset.labelNames, undefined, clusters], {
        signal: this.#signal,
      }),
    );
    return figures && { ...figures, logits };
  }

  /** Logits of some rows; `undefined` when the signal came first. */
  async #predict(type: "validation" | "test", { tokens }: Rows): Promise<Float32Array | undefined> {
    const { epoch } = this.#state;
    const started = performance.now();
    const onProgress = (rows: number) => {
      this.#pace.rowsPredicted(rows, (performance.now() - started) / 1000);
      this.#emit({
        type,
        epoch,
        rows,
        totalRows: textCount(tokens),
        rowsPerSecond: this.#pace.predictedPerSecond,
        secondsLeft: this.#pace.secondsLeft(this.#state, type === "validation" ? rows : textCount(tokens)),
      });
    };
    const calls = { signal: this.#signal, onProgress };
    const { windowPooling } = this.#options;
    return await this.#unlessStopped(predictEncoded(this.#prepared.model, tokens, calls, windowPooling));
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

  /** Ranks the epoch, and saves its model if it is kept. */
  async #close(
    validation: Validation | undefined,
    test: EpochPredictions["test"],
    seconds: () => number,
  ): Promise<EpochEvent> {
    const state = this.#state;
    const { epoch } = state;
    const verdict = judgeEpoch(state.ranking, validation?.metrics, this.#options);
    const { bestMetric } = this.#options;
    const before = state.ranking;
    state.ranking = rankEpoch(state.ranking, epoch, validation?.metrics, verdict, bestMetric);
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
      if (verdict.kept) await this.#publisher.keep(state, { validationLogits: validation?.logits, test });
    } catch (error) {
      // The epoch is not over: who resumes the run closes it again.
      state.history.pop();
      state.ranking = before;
      throw error;
    }
    return event();
  }

  async #notFinite(
    { step, loss, gradientNorm, learningRate }: NativeStep,
    rows: Int32Array,
  ): Promise<TagformerError> {
    const saved = await this.#publisher.saveLast(this.#state);
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

function totalTokens(batches: readonly LabelledBatch[]): number {
  return batches.reduce((total, { ids }) => total + ids.length, 0);
}
