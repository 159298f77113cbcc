// How long a run is: its steps, and the epochs that they make.
import type { ResolvedTrainingOptions } from "../options/training.js";

/** The steps of a run. */
export interface RunLength {
  readonly totalSteps: number;
  /** Of a whole epoch. */
  readonly stepsPerEpoch: number;
  /** Epochs, the last of which may be a part of one. */
  readonly epochs: number;
}

export function lengthOf(
  trainingRows: number,
  { epochs, batchSize }: Pick<ResolvedTrainingOptions, "epochs" | "batchSize">,
): RunLength {
  const stepsPerEpoch = Math.ceil(trainingRows / batchSize);
  const totalSteps = Math.max(1, Math.round(epochs * stepsPerEpoch));
  return { totalSteps, stepsPerEpoch, epochs: Math.ceil(totalSteps / stepsPerEpoch) };
}

/** Steps of an epoch, 1-based. */
export function stepsOfEpoch({ totalSteps, stepsPerEpoch }: RunLength, epoch: number): number {
  return Math.max(0, Math.min(stepsPerEpoch, totalSteps - (epoch - 1) * stepsPerEpoch));
}
