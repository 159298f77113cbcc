// Which rows each step of a run learns from.
import { generator } from "../base/random.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { LabelledBatch } from "../text/batch.js";
import { selectLabelledRows, trainingPlan } from "../text/plan.js";
import type { Rows } from "./prepare.js";

/** The rows of each step of an epoch: a new seeded order every epoch, which depends on nothing but seed and epoch. */
export function rowsOfSteps(
  { origin }: Rows,
  { seed, batchSize }: Pick<ResolvedTrainingOptions, "seed" | "batchSize">,
  epoch: number,
): Int32Array[] {
  const order = Int32Array.from(origin.keys());
  generator(seed, `epoch ${epoch}`).shuffle(order);
  return trainingPlan(order, batchSize);
}

/** The micro-batches of a step. */
export function microBatches(
  { tokens }: Rows,
  rows: Int32Array,
  { gradientAccumulation }: Pick<ResolvedTrainingOptions, "gradientAccumulation">,
): LabelledBatch[] {
  const parts = trainingPlan(rows, Math.ceil(rows.length / gradientAccumulation));
  return parts.map((part) => selectLabelledRows(tokens, part));
}
