import { type Cuts, lastCutAbove } from "./cuts.js";
import { meets } from "./targets.js";

/** What thresholds are chosen for: the best F-measure, or the best they can do while one of the targets is met. */
export interface Goal {
  /** How many times as much recall counts as precision, in the F-measure. */
  readonly beta: number;
  /** Which average over the labels is made best. */
  readonly average: "micro" | "macro";
  /** The most recall with at least this precision, instead of an F-measure. */
  readonly targetPrecision?: number | undefined;
  /** The most precision with at least this recall, instead of an F-measure. */
  readonly targetRecall?: number | undefined;
}

/** How good a number of right and wrong decisions is, out of so many positives; more is better. */
export type Worth = (truePositives: number, falsePositives: number, positives: number) => number;

/** Whether a goal is a target to be met, and not an F-measure. */
export function isTarget({ targetPrecision, targetRecall }: Goal): boolean {
  return targetPrecision !== undefined || targetRecall !== undefined;
}

/** The {@link Worth} of one label's decisions, or of all labels' at once. */
export function worthOf({ beta, targetPrecision, targetRecall }: Goal): Worth {
  if (targetPrecision !== undefined) {
    const isPrecise = meets(targetPrecision);
    // Nothing set breaks no promise, and is what remains where no cut is precise enough.
    return (hits, alarms) => (isPrecise(hits, hits + alarms) ? hits : -1);
  }
  if (targetRecall !== undefined) {
    const isFound = meets(targetRecall);
    return (hits, alarms, positives) => {
      if (!isFound(hits, positives)) return hits / positives - 2; // below all precisions, but the nearer the better
      return hits + alarms === 0 ? 1 : hits / (hits + alarms);
    };
  }
  return (hits, alarms, positives) => fBeta(beta, hits, alarms, positives);
}

/** The F-measure of counts; 0 where it is a division by zero. */
export function fBeta(beta: number, hits: number, alarms: number, positives: number): number {
  const whole = beta ** 2 * positives + hits + alarms;
  return whole === 0 ? 0 : ((1 + beta ** 2) * hits) / whole;
}

/** The F-measure that thresholds reach, averaged as the goal says. */
export function averageF(labels: readonly Cuts[], thresholds: readonly number[], goal: Goal): number {
  let [hits, alarms, positives, sum] = [0, 0, 0, 0];
  for (const [i, cuts] of labels.entries()) {
    const cut = lastCutAbove(cuts, thresholds[i]!);
    const hitsHere = cuts.truePositives[cut] ?? 0;
    const alarmsHere = cuts.falsePositives[cut] ?? 0;
    hits += hitsHere;
    alarms += alarmsHere;
    positives += cuts.positives;
    sum += fBeta(goal.beta, hitsHere, alarmsHere, cuts.positives);
  }
  return goal.average === "macro" ? sum / labels.length : fBeta(goal.beta, hits, alarms, positives);
}
