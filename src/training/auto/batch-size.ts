// How many rows a step learns from, where that was not given.
import { counted } from "../../base/counted.js";
import type { Choice } from "./choice.js";
import { usualBatch } from "./rates.js";

/** Rows of a step where the usual number makes too few. Fewer than the last make each step costly and its gradient noisy. */
const smallerBatches = [16, 8] as const;
/** A run of so many steps learns rare labels, too. */
const enoughSteps = 800;

/** The largest batch with which a run makes enough steps; `null`: the usual one, with which it does. */
export function decideBatchSize(trainingRows: number, epochs: number): Choice | null {
  const stepsWith = (batchSize: number) => Math.round(epochs * Math.ceil(trainingRows / batchSize));
  if (stepsWith(usualBatch) >= enoughSteps) return null;
  const value =
    smallerBatches.find((batchSize) => stepsWith(batchSize) >= enoughSteps) ?? smallerBatches.at(-1)!;
  return {
    option: "batchSize",
    value,
    reason: `${counted(epochs, "epoch")} with ${usualBatch} rows a step would be ${counted(stepsWith(usualBatch), "step")}, too few to learn rare labels`,
  };
}
