// Whether a target of precision or recall is met, and how likely a fresh table meets it too.
import { logChoose, logGamma } from "./binomial.js";
import type { Counts } from "./counts.js";

/** One of the two targets. */
export interface Target {
  readonly targetPrecision?: number | undefined;
  readonly targetRecall?: number | undefined;
}

/** What a label reaches of the target that its threshold was chosen for. */
export interface LabelTarget {
  /** The label's name. */
  readonly name: string;
  /** Of rows that the threshold was chosen without; `null` where it was given to none of them. */
  readonly precision: number | null;
  /** Of rows that the threshold was chosen without; `null` where none of them has it. */
  readonly recall: number | null;
  /**
   * Probability that another table of this size misses the target, by the cross-fitted counts: the share is taken to be
   * anything that Jeffreys' prior leaves likely. `null` where it was never given, or never set.
   */
  readonly missChance: number | null;
}

/** Whether `part` of `whole` is at least the target; whole numbers are compared, so that 55 of 100 is 0.55. */
export type MeetsTarget = (part: number, whole: number) => boolean;

/** Digits of a target that count. */
const digits = 9;

/** The test of one target, a share from 0 to 1. */
export function meets(target: number): MeetsTarget {
  const denominator = 10 ** digits;
  const numerator = Math.round(target * denominator);
  const largest = Math.floor(Number.MAX_SAFE_INTEGER / denominator);
  return (part, whole) =>
    whole <= largest
      ? part * denominator >= numerator * whole
      : BigInt(part) * BigInt(denominator) >= BigInt(numerator) * BigInt(whole);
}

/** What a label's cross-fitted counts say about its target. */
export function labelTarget(name: string, counts: Counts, goal: Target): LabelTarget {
  const { truePositives, falsePositives, falseNegatives } = counts;
  const given = truePositives + falsePositives;
  const set = truePositives + falseNegatives;
  const target = goal.targetPrecision ?? goal.targetRecall!;
  const whole = goal.targetPrecision === undefined ? set : given;
  return {
    name,
    precision: given === 0 ? null : truePositives / given,
    recall: set === 0 ? null : truePositives / set,
    missChance: whole === 0 ? null : missChance(truePositives, whole, target),
  };
}

/** Probability that of `whole` other elements fewer than the target are right, after `part` of as many were. */
function missChance(part: number, whole: number, target: number): number {
  const isMet = meets(target);
  const [a, b] = [part + 0.5, whole - part + 0.5];
  const logBeta = (x: number, y: number) => logGamma(x) + logGamma(y) - logGamma(x + y);
  let chance = 0;
  for (let hits = 0; hits <= whole && !isMet(hits, whole); hits++) {
    chance += Math.exp(logChoose(whole, hits) + logBeta(hits + a, whole - hits + b) - logBeta(a, b));
  }
  return Math.min(1, chance);
}
