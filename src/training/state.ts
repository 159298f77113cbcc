// A run between two of its steps, as plain JSON: what the loop goes on from, besides the weights and the optimizer.
import { type EpochRanking, noEpochYet } from "./best-epoch.js";
import type { EpochEvent } from "./events.js";

/** Everything that the loop remembers. The order of the rows and the dropout follow from seed, epoch and step. */
export interface RunState {
  /** The epoch that is under way, 1-based. */
  epoch: number;
  /** Steps made in it. */
  stepsInEpoch: number;
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
}

/** Before the first step. */
export function initialState(): RunState {
  return {
    epoch: 1,
    stepsInEpoch: 0,
    steps: 0,
    lossSum: 0,
    ranking: noEpochYet,
    history: [],
    savedStep: null,
  };
}
