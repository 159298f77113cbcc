// What a training run tells while it goes on.
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Tuning } from "../evaluation/tuning.js";
import type { BaselineFigures } from "../report/baseline-words.js";
import type { Choice } from "./auto/choice.js";
import type { TrialFigures } from "./auto/figures.js";

/** The data and the model are ready; the first step follows. `Label` is the names of the labels, where a program knows them. */
export interface StartEvent<Label extends string = string> {
  /** Tells this event from the others. */
  readonly type: "start";
  /** Rows that are trained on. */
  readonly trainingRows: number;
  /** Rows by which the kept epoch is chosen; 0 when there are none. */
  readonly validationRows: number;
  /** Rows that judge the kept model; 0 when there are none. */
  readonly testRows: number;
  /** What the training minimises, such as `cross-entropy` or `focal loss with label smoothing`. */
  readonly objective: string;
  /** The names of the labels, in the model's order. */
  readonly labels: readonly Label[];
  /** Epochs of the whole run, unless it stops early; the last may be a part of one. */
  readonly epochs: number;
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** What the preset `auto` has decided, and why. */
  readonly choices: readonly Choice[];
  /** The options that repeat the run without a search, as flags; `null` where nothing was decided. */
  readonly repeatWith: string | null;
  /** Number of weights. */
  readonly parameters: number;
  /** Tensors that were not in the model directory and start at random. */
  readonly initialised: readonly string[];
  /** Tensors of the model directory that a classifier does not use. */
  readonly ignored: readonly string[];
  /** `true` when the model directory had a head for other labels, which was replaced. */
  readonly headReset: boolean;
  /** Where the run computes: `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  /** What is worth knowing, such as dropout that the model lacks, or texts on both sides of a split; one sentence each. */
  readonly notes: readonly string[];
  /** Longest text in tokens. */
  readonly maxLength: number;
  /** Number of texts that were longer, and lost their end or are read in windows. */
  readonly truncatedTexts: number;
  /** Number of texts of which the end is not read: 0 where windows cover all of them. */
  readonly cutTexts: number;
  /** Tokens from one window of a long text to the next; 0 when long texts are cut. */
  readonly windowStride: number;
}

/** The preset `auto` begins to try learning rates; it comes before the start. */
export interface SearchEvent {
  /** Tells this event from the others. */
  readonly type: "search";
  /** Steps that trials, run and validations take together; `budgetSteps` repeats the search. */
  readonly budgetSteps: number;
  /** Seconds that they take: an estimate; `null` where none was made. */
  readonly seconds: number | null;
  /** The rates that are tried; a single one is given, and is not. */
  readonly learningRates: readonly number[];
  /** Steps of every trial. */
  readonly shortSteps: number;
  /** The same of the two that go on. */
  readonly longSteps: number;
  /** Steps of the run. */
  readonly steps: number;
  /** Its epochs, the last of which may be a part of one. */
  readonly epochs: number;
  /** Whether the budget was given. */
  readonly isGiven: boolean;
}

/** A step of a trial was made. */
export interface TrialStepEvent {
  /** Tells this event from the others. */
  readonly type: "trial";
  /** What is tried. */
  readonly learningRate: number;
  /** Steps that the trial has made. */
  readonly step: number;
  /** Its steps before this part of it. */
  readonly from: number;
  /** Its steps at the end of this part. */
  readonly steps: number;
}

/** A part of a trial is over, and was judged on the validation rows. */
export interface TrialEndEvent {
  /** Tells this event from the others. */
  readonly type: "trialEnd";
  /** Trials of the search. */
  readonly trials: number;
  /** What was tried. */
  readonly learningRate: number;
  /** Steps that it has made. */
  readonly steps: number;
  /** How good it is; `null` when loss or gradient were not finite. */
  readonly figures: TrialFigures | null;
}

/** An interrupted run goes on; it comes after the start. */
export interface ResumedEvent {
  /** Tells this event from the others. */
  readonly type: "resumed";
  /** Steps made before; the next has the number after it. */
  readonly step: number;
  /** Optimizer steps of the whole run. */
  readonly steps: number;
  /** The epoch that is under way, 1-based. */
  readonly epoch: number;
  /** Rows of it that were trained on before. */
  readonly rowsInEpoch: number;
  /** Steps that were made after the checkpoint, and are made again; as far as that is known. */
  readonly lostSteps: number;
  /** Seconds that they took. */
  readonly lostSeconds: number;
}

/** A checkpoint could not be written. The run goes on; further failures are not told before one has succeeded. */
export interface CheckpointFailedEvent {
  /** Tells this event from the others. */
  readonly type: "checkpointFailed";
  /** What went wrong. */
  readonly problem: string;
  /** The age of the last good checkpoint; absent when there is none. */
  readonly lastSavedSeconds?: number;
}

/** One optimizer step was made. */
export interface StepEvent {
  /** Tells this event from the others. */
  readonly type: "step";
  /** 1-based. */
  readonly epoch: number;
  /** 1-based, over the whole run. */
  readonly step: number;
  /** Mean loss of the step's batch, before the update. */
  readonly loss: number;
  /** The learning rate of this step. */
  readonly learningRate: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  /** Rows of the step's batch. */
  readonly rows: number;
  /** Tokens of the step's batch. */
  readonly tokens: number;
  /**
   * Parts beyond `gradientAccumulation` in which the batch was computed because memory was short; usually 0. The gradient
   * is the same, but for the order of its sums and for other dropout in those parts.
   */
  readonly extraParts: number;
  /** Rows trained on in a second, a mean over about ten steps. */
  readonly rowsPerSecond: number;
  /** Tokens trained on in a second, likewise. */
  readonly tokensPerSecond: number;
  /** Seconds until the last epoch is over, unless the run ends early: an estimate, with validation and saving. */
  readonly secondsLeft: number;
}

/** A part of the validation rows was computed. */
export interface ValidationProgressEvent extends RowsProgress {
  /** Tells this event from the others. */
  readonly type: "validation";
}

/** A part of the test rows was computed, with a model that will be kept. */
export interface TestProgressEvent extends RowsProgress {
  /** Tells this event from the others. */
  readonly type: "test";
}

interface RowsProgress {
  /** 1-based. */
  readonly epoch: number;
  /** Rows computed so far. */
  readonly rows: number;
  /** Rows to compute. */
  readonly totalRows: number;
  /** Rows computed in a second, since the first of them. */
  readonly rowsPerSecond: number;
  /** Seconds until the last epoch is over, unless the run ends early: an estimate. */
  readonly secondsLeft: number;
}

/** An epoch is over. */
export interface EpochEvent {
  /** Tells this event from the others. */
  readonly type: "epoch";
  /** 1-based. */
  readonly epoch: number;
  /**
   * Mean of the losses of the epoch's steps: what the training minimises, with dropout, while the weights change. No other
   * loss here is the same quantity.
   */
  readonly trainingLoss: number;
  /**
   * What the training minimises, with its weights and smoothing, on the validation rows at the end of the epoch, without
   * dropout; absent when there are none. `validation.loss` is plain cross-entropy.
   */
  readonly objective?: number;
  /** Metrics on the validation rows; absent when there are none. */
  readonly validation?: Evaluation;
  /**
   * `true` when no epoch before it was as good by `bestMetric`, and between equals by the validation loss and then by the mean
   * average precision; `false` without validation rows.
   */
  readonly best: boolean;
  /** `true` when its model was saved as the run's: it is the best so far, `keep` is `last`, or nothing can be compared. */
  readonly kept: boolean;
  /** Duration of the epoch, validation and saving included. */
  readonly seconds: number;
}

/** The run is over; the model lies in `directory`. */
export interface EndEvent {
  /** Tells this event from the others. */
  readonly type: "end";
  /**
   * `finished`: all epochs; `early stop`: no better epoch came; `stopped`: the signal was given; `already finished`: there was
   * nothing to resume, and nothing was changed.
   */
  readonly reason: "finished" | "early stop" | "stopped" | "already finished";
  /** The model directory of the run, as an absolute path. */
  readonly directory: string;
  /** The epoch whose weights `directory` holds; absent when the run was stopped before the first was over. */
  readonly keptEpoch?: number;
  /** The kept epoch's figures on the test rows, by which nothing was chosen; absent when there are none. */
  readonly test?: TestFigures;
  /**
   * Temperatures and thresholds that the run has stored with the model, and their figures; absent without `thresholds`,
   * without validation rows, and after a stop.
   */
  readonly tuning?: Tuning;
  /** The model beside a bag of words; absent without `baseline`, without rows to judge on, and after a stop. */
  readonly baseline?: BaselineFigures;
  /** The page about the run, as an absolute path; absent when it was not asked for. */
  readonly report?: string;
  /**
   * After a stop: where the weights of the last step are, when they are not in `directory` because that holds a finished model,
   * of this run or of an earlier one.
   */
  readonly lastDirectory?: string;
  /** Why no checkpoint of the run could ever be written; absent when one was, or none was due. */
  readonly checkpointProblem?: string;
  /** What to know about the kept model, such as that it gives no labels; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * What a {@link Trainer} yields: the trials of a search where the preset `auto` makes one, a start, whether the run is resumed, then for each epoch its steps, its validation, its test if it is kept, and its end, and at last the end of
 * the run. `type` tells them apart.
 */
export type TrainingEvent<Label extends string = string> =
  | SearchEvent
  | TrialStepEvent
  | TrialEndEvent
  | StartEvent<Label>
  | ResumedEvent
  | CheckpointFailedEvent
  | StepEvent
  | ValidationProgressEvent
  | TestProgressEvent
  | EpochEvent
  | EndEvent;
