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
  /** The first of them without each part of the validation rows; empty where nobody asked. */
  readonly withoutParts: readonly number[];
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
export const noEpochYet: EpochRanking = { bestEpoch: null, figures: [], withoutParts: [], keptEpoch: null };

/** Figures on the validation rows: on all of them, and without each part of them where the noise of the figures is asked for. */
export interface JudgedValidation {
  readonly metrics: Evaluation;
  readonly withoutParts: readonly Evaluation[];
}

/** What an epoch with these figures is to the run. Without validation, none is the best and each is kept. */
export function judgeEpoch(
  ranking: EpochRanking,
  validation: JudgedValidation | undefined,
  { bestMetric, keep }: Pick<ResolvedTrainingOptions, "bestMetric" | "keep">,
): EpochVerdict {
  if (validation === undefined) return { best: false, kept: true };
  const best = isBetter(figuresOf(validation.metrics, bestMetric), ranking.figures);
  if (best || keep !== "last-good") return { best, kept: best || keep === "last" };
  return { best, kept: !isClearlyWorse(validation, ranking, bestMetric) };
}

/**
 * Whether an epoch is behind the best one by more than the standard error of their difference, of which the same rows free most
 * of the noise (a jackknife over parts of the rows: Efron and Stein, Annals of Statistics 9, 1981).
 */
function isClearlyWorse(
  { metrics, withoutParts }: JudgedValidation,
  ranking: EpochRanking,
  metric: BestMetric,
): boolean {
  const behind = ranking.figures[0]! - figure(metrics, metric);
  const differences = withoutParts.map((part, i) => ranking.withoutParts[i]! - figure(part, metric));
  const parts = differences.length;
  if (parts === 0) return behind > 0; // a single row tells no noise
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / parts;
  const squares = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0);
  return behind > Math.sqrt(((parts - 1) / parts) * squares);
}

/** The ranking with one more epoch, of which {@link judgeEpoch} has given its verdict. */
export function rankEpoch(
  ranking: EpochRanking,
  epoch: number,
  validation: JudgedValidation | undefined,
  { best, kept }: EpochVerdict,
  bestMetric: BestMetric,
): EpochRanking {
  const keptEpoch = kept ? epoch : ranking.keptEpoch;
  if (!best) return { ...ranking, keptEpoch };
  return {
    bestEpoch: epoch,
    figures: figuresOf(validation!.metrics, bestMetric),
    withoutParts: validation!.withoutParts.map((part) => figure(part, bestMetric)),
    keptEpoch,
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
