// Which learning rates are worth a trial.
import type { JsonObject } from "../../model/json-file.js";

/** What a rate follows from. */
export interface ModelShape {
  /** Width of the hidden states. */
  readonly width: number;
  /** Number of layers. */
  readonly depth: number;
  /** Whether all weights begin at random. */
  readonly isFresh: boolean;
}

/** BERT-base's; taken for models that do not say. */
const usualWidth = 768;
const usualDepth = 12;
/** Rows of a step for which the usual rates hold. */
export const usualBatch = 32;

/** The shape of a network as its config.json has it, under the name that its architecture uses. */
export function shapeOf(config: JsonObject, isFresh: boolean): ModelShape {
  const first = (names: readonly string[], otherwise: number) =>
    names.map((name) => config[name]).find((value) => typeof value === "number") ?? otherwise;
  return {
    width: Number(first(["hidden_size", "dim", "d_model"], usualWidth)),
    depth: Number(first(["num_hidden_layers", "n_layers", "n_layer"], usualDepth)),
    isFresh,
  };
}

/**
 * The rate that usually suits a network: pretrained ones take less the wider and the deeper they are, about 4e-5 for BERT-base
 * and 2e-4 for a MiniLM of six layers; random weights take more. The noise of a gradient grows with the square root of the number
 * of rows that its batch lacks, and the rate falls with it (Malladi et al., "On the SDEs and scaling rules for adaptive gradient
 * algorithms", 2022).
 */
export function usualRate({ width, depth, isFresh }: ModelShape, batchSize: number): number {
  const [base, power] = isFresh ? [1e-4, 1] : [4e-5, 1.5];
  const rate = base * (usualWidth / width) ** power * Math.sqrt(usualDepth / Math.max(1, depth));
  return rounded(Math.min(rate * Math.sqrt(batchSize / usualBatch), 1e-3));
}

/**
 * The usual rate and those around it, each twice the one before, from the lowest to the highest. Few are higher: in a short trial
 * a higher rate is always ahead, and one that is too high falls apart only later.
 */
export function ratesToTry(shape: ModelShape, batchSize: number): number[] {
  return [1 / 4, 1 / 2, 1, 2].map((factor) => rounded(factor * usualRate(shape, batchSize)));
}

/** Two digits: more than that no trial can tell. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(2));
}
