// What was chosen by which rows, in words: figures on rows that had a say in a choice are better than on new ones.
import type { ResolvedTrainingOptions } from "../options/training.js";

/** What the choice of an epoch is told from. */
export interface EpochChoice {
  /** Epochs that were trained to their end. */
  readonly trainedEpochs: number;
  /** Epochs that were planned. */
  readonly plannedEpochs: number;
  /** The epoch whose model is kept; `undefined` when the run was stopped in its first. */
  readonly keptEpoch: number | undefined;
  readonly keep: ResolvedTrainingOptions["keep"];
  readonly patience: number;
  readonly bestMetric: ResolvedTrainingOptions["bestMetric"];
  /** 0: the last epoch is kept. */
  readonly validationRows: number;
}

/** The figures that may choose, as people write them. */
export const metricNames: Readonly<Record<ResolvedTrainingOptions["bestMetric"], string>> = {
  microF1: "micro-F1",
  macroF1: "macro-F1",
  subsetAccuracy: "subset accuracy",
  averagePrecision: "mean average precision",
  microAveragePrecision: "micro-averaged average precision",
  loss: "cross-entropy",
};

/** Whether the validation rows had a say in which epoch is kept. */
function isChosen({ trainedEpochs, keep, patience, validationRows }: EpochChoice): boolean {
  return validationRows > 0 && trainedEpochs > 1 && (keep !== "last" || patience > 0);
}

/** Which epoch is kept and why, such as `epoch 2 of 3, the best by micro-F1 on the validation rows`. */
export function describeKept(choice: EpochChoice): string {
  const { trainedEpochs, plannedEpochs, keptEpoch, keep, validationRows, bestMetric } = choice;
  if (keptEpoch === undefined) return "stopped before the end of the first epoch";
  const stopped = trainedEpochs < plannedEpochs ? ` (${plannedEpochs} were planned)` : "";
  const place = `epoch ${keptEpoch} of ${trainedEpochs} trained${stopped}`;
  if (trainedEpochs === 1) return place;
  if (keep === "last" || validationRows === 0) return `${place}, the last one`;
  const measure = `${metricNames[bestMetric]} on the validation rows`;
  return keep === "best"
    ? `${place}, the best by ${measure}`
    : `${place}, the last that is not clearly behind the best by ${measure}`;
}

/** What a reader of figures on the validation rows must know. */
export function validationCaveat(choice: EpochChoice): string {
  return isChosen(choice)
    ? "The epoch was chosen on these very rows, so the figures are somewhat better than on new ones."
    : "No epoch was chosen on these rows; thresholds that are tuned on them will fit them better than new ones.";
}

/** What a reader of figures on rows held back by `splitMethod: combinations` must know. */
export const combinationsCaveat =
  "The rows were held back combination by combination of labels, as the 2020 notebook does: no row whose combination occurs once is among them, so these rows are easier than all rows, and figures on them are too good, by 0.01 to 0.05 of F1 where many combinations are rare. The split method `iterative` has no such bias.";
