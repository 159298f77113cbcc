// How many rows a step learns from, where that was not given.
import { counted } from "../../base/counted.js";
import type { Choice } from "./choice.js";

/** Rows of a step, the usual number first. Fewer than the last make each step costly and its gradient noisy. */
const [usual, ...smaller] = [32, 16, 8] as const;
/** A run of so many steps learns rare labels, too. */
const enoughSteps = 800;

/** The largest batch with which a run makes enough steps; `null`: the usual one, with which it does. */
export function decideBatchSize(trainingRows: number, epochs: number): Choice | null {
  const stepsWith = (batchSize: number) => Math.round(epochs * Math.ceil(trainingRows / batchSize));
  if (stepsWith(usual) >= enoughSteps) return null;
  const value = smaller.find((batchSize) => stepsWith(batchSize) >= enoughSteps) ?? smaller.at(-1)!;
  return {
    option: "batchSize",
    value,
    reason: `${counted(epochs, "epoch")} with ${usual} rows a step would be ${counted(stepsWith(usual), "step")}, too few to learn rare labels`,
  };
}
