// A run between two of its steps: what the loop goes on from, besides the weights and the optimizer.
import type { TestFigures } from "../evaluation/jobs.js";
import { type EpochRanking, isExhausted, noEpochYet } from "./best-epoch.js";
import type { EpochEvent } from "./events.js";

/**
 * Everything that the loop remembers, as plain JSON. The order of the rows and the dropout follow from seed, epoch and
 * step.
 */
export interface RunState {
  /** The epoch that is under way, 1-based; one more than there are when all are over. */
  epoch: number;
  /** Steps made in it. */
  stepsInEpoch: number;
  /** Seconds that it has taken. */
  secondsInEpoch: number;
  /** Steps made in the whole run. */
  steps: number;
  /** Sum of the losses of the epoch's steps. */
  lossSum: number;
  /** The epochs that are over, compared. */
  ranking: EpochRanking;
  /** The epochs that are over. */
  readonly history: EpochEvent[];
  /** The step after which the output directory was saved; `null` before. */
  savedStep: number | null;
  /** The steps after which the run was interrupted and resumed. */
  readonly resumedAfter: number[];
}

/** What a model said about the rows held back. */
export interface EpochPredictions {
  /** Of the validation rows. */
  readonly validationLogits: Float32Array | undefined;
  readonly test: (TestFigures & { readonly logits: Float32Array }) | undefined;
}

/** Before the first epoch is over. */
export const noPredictions: EpochPredictions = { validationLogits: undefined, test: undefined };

/** Before the first step. */
export function initialState(): RunState {
  return {
    epoch: 1,
    stepsInEpoch: 0,
    secondsInEpoch: 0,
    steps: 0,
    lossSum: 0,
    ranking: noEpochYet,
    history: [],
    savedStep: null,
    resumedAfter: [],
  };
}

/** The state at the begin of the next epoch, once the present one has its event. */
export function beginNextEpoch(state: RunState): void {
  state.epoch++;
  state.stepsInEpoch = 0;
  state.secondsInEpoch = 0;
  state.lossSum = 0;
}

/** Why no epoch follows; `null` while one does. */
export function whyOver(
  { epoch, ranking }: RunState,
  { epochs, patience }: { readonly epochs: number; readonly patience: number },
): "finished" | "early stop" | null {
  if (epoch > Math.ceil(epochs)) return "finished";
  return isExhausted(ranking, epoch - 1, patience) ? "early stop" : null;
}
