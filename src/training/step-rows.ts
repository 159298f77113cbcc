// Which rows each step of a run learns from, and in which micro-batch of which process.
import { generator } from "../base/random.js";
import type { NativeStepShare } from "../native/types.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { LabelledBatch } from "../text/batch.js";
import { dealTokens, selectLabelledRows, trainingPlan } from "../text/plan.js";
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

/** What one process computes of a step. */
export interface StepPart {
  /** Its micro-batches; of one of several processes perhaps none. */
  readonly batches: readonly LabelledBatch[];
  /** Tokens of the whole step. */
  readonly tokens: number;
  /** Where it stands in the step; `undefined` where one process computes all of it. */
  readonly share: Omit<NativeStepShare, "stop"> | undefined;
}

/**
 * The part of a step that one process computes. All processes deal the step's rows in the same way, into
 * `gradientAccumulation` micro-batches for each of them.
 *
 * @param rows the rows of the step
 */
export function partOfStep(
  { tokens }: Rows,
  rows: Int32Array,
  { gradientAccumulation }: Pick<ResolvedTrainingOptions, "gradientAccumulation">,
  { rank, size }: { readonly rank: number; readonly size: number },
): StepPart {
  const allMicroBatches = gradientAccumulation * size;
  const firstMicroBatch = gradientAccumulation * rank;
  const dealt = dealTokens(tokens, rows, allMicroBatches).filter((part) => part.length > 0);
  const own = dealt.slice(firstMicroBatch, firstMicroBatch + gradientAccumulation);
  const batches = own.map((part) => selectLabelledRows(tokens, part));
  if (size === 1)
    return { batches, tokens: batches.reduce((sum, { ids }) => sum + ids.length, 0), share: undefined };
  const all = selectLabelledRows(tokens, rows);
  return {
    batches,
    tokens: all.ids.length,
    share: { labelled: labelledOf(all), firstMicroBatch, allMicroBatches },
  };
}

function labelledOf({ labels }: LabelledBatch): number {
  return labels.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0);
}

/** The micro-batches of a step that one process computes alone. */
export function microBatches(
  training: Rows,
  rows: Int32Array,
  options: Pick<ResolvedTrainingOptions, "gradientAccumulation">,
): readonly LabelledBatch[] {
  return partOfStep(training, rows, options, { rank: 0, size: 1 }).batches;
}
