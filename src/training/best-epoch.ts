// Which epoch's weights a run keeps.
import type { Evaluation } from "../evaluation/metrics.js";
import type { ResolvedTrainingOptions } from "../options/training.js";

type BestMetric = ResolvedTrainingOptions["bestMetric"];

/** The epochs of a run so far, compared. Plain JSON. */
export interface EpochRanking {
  /** The epoch with the best validation figures, 1-based; `null` without one. */
  readonly bestEpoch: number | null;
  /** Its figures, the first that differs decides; larger is better. */
  readonly figures: readonly number[];
  /** The epoch whose model is kept; `null` before the first is over. */
  readonly keptEpoch: number | null;
}

/** What an epoch is to its run. */
export interface EpochVerdict {
  /** No epoch before had as good validation figures. */
  readonly best: boolean;
  /** Its model takes the place of the one kept until now. */
  readonly kept: boolean;
}

/** Before the first epoch. */
export const noEpochYet: EpochRanking = { bestEpoch: null, figures: [], keptEpoch: null };

/** What an epoch with this evaluation is to the run. Without validation, none is the best and each is kept. */
export function judgeEpoch(
  ranking: EpochRanking,
  validation: Evaluation | undefined,
  { bestMetric, keep }: Pick<ResolvedTrainingOptions, "bestMetric" | "keep">,
): EpochVerdict {
  const best = validation !== undefined && isBetter(figuresOf(validation, bestMetric), ranking.figures);
  return { best, kept: best || validation === undefined || keep === "last" };
}

/** The ranking with one more epoch, of which {@link judgeEpoch} has given its verdict. */
export function rankEpoch(
  ranking: EpochRanking,
  epoch: number,
  validation: Evaluation | undefined,
  { best, kept }: EpochVerdict,
  bestMetric: BestMetric,
): EpochRanking {
  return {
    ...(best
      ? { bestEpoch: epoch, figures: figuresOf(validation!, bestMetric) }
      : { bestEpoch: ranking.bestEpoch, figures: ranking.figures }),
    keptEpoch: kept ? epoch : ranking.keptEpoch,
  };
}

/** Whether so many epochs have passed without a better one that the run ends; a patience of 0 is endless. */
export function isExhausted({ bestEpoch }: EpochRanking, epoch: number, patience: number): boolean {
  return patience > 0 && bestEpoch !== null && epoch - bestEpoch >= patience;
}

/**
 * The figures by which epochs are compared, turned so that larger is better. F1 and accuracy stand still at 0 until the first
 * label reaches its threshold, and at 1 from some epoch on: the loss, and then the order of the scores, decide between equals.
 */
function figuresOf(evaluation: Evaluation, metric: BestMetric): number[] {
  const { loss, macro } = evaluation;
  return [figure(evaluation, metric), -(loss ?? Number.MAX_VALUE), macro.averagePrecision ?? 0];
}

function figure(evaluation: Evaluation, metric: BestMetric): number {
  switch (metric) {
    case "microF1":
      return evaluation.micro.f1;
    case "macroF1":
      return evaluation.macro.f1;
    case "subsetAccuracy":
      return evaluation.subsetAccuracy;
    case "averagePrecision":
      return evaluation.macro.averagePrecision ?? 0;
    case "microAveragePrecision":
      return evaluation.micro.averagePrecision ?? 0;
    case "loss":
      return -(evaluation.loss ?? Number.MAX_VALUE);
  }
}

function isBetter(figures: readonly number[], than: readonly number[]): boolean {
  if (than.length === 0) return true;
  const i = figures.findIndex((value, place) => value !== than[place]);
  return i >= 0 && figures[i]! > than[i]!;
}
