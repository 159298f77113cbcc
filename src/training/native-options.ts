// From a run's options to what its training is told.
import type { NativeTrainingOptions } from "../native/types.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { logOddsOf } from "./label-odds.js";
import { lossOf } from "./loss.js";
import type { PreparedRun } from "./prepare.js";

/** @param totalSteps steps of the whole run, over which the learning rate changes */
export function nativeOptions(
  { training: { dataset, origin }, headIsFresh }: Pick<PreparedRun, "training" | "headIsFresh">,
  options: ResolvedTrainingOptions,
  totalSteps: number,
): NativeTrainingOptions {
  const loss = lossOf(options, dataset, origin);
  const hasPrior = options.headBias === "prior" && headIsFresh;
  return {
    ...options,
    warmupSteps: Math.round(options.warmup * totalSteps),
    totalSteps,
    averageSteps: options.ema > 0 ? Math.max(1, Math.round(options.ema * totalSteps)) : 0,
    epsilonBeforeCorrection: options.epsilonPlacement === "uncorrected",
    loss,
    adversarial: options.fgm,
    meanOfWindows: options.windowPooling === "mean",
    ...(hasPrior && { initialHeadBias: logOddsOf(dataset, origin, loss.positiveWeights) }),
  };
}
