// Thresholds by an exact sweep: every threshold that decides differently is tried, through the sorted scores once.
import type { Cuts } from "./cuts.js";
import { averageF, fBeta, type Goal, isTarget, type Worth, worthOf } from "./goal.js";

/**
 * The one threshold for all labels that serves the goal best.
 *
 * @param labels each label's cuts, of probabilities
 */
export function globalThreshold(labels: readonly Cuts[], goal: Goal): number {
  const total = labels.reduce((sum, cuts) => sum + cuts.scores.length, 0);
  const scores = new Float32Array(total);
  const owners = new Uint32Array(total);
  let filled = 0;
  for (const [label, cuts] of labels.entries()) {
    scores.set(cuts.scores, filled);
    owners.fill(label, filled, filled + cuts.scores.length);
    filled += cuts.scores.length;
  }
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const tally = new Tally(labels, goal);
  let most = tally.worth;
  let upper = 1;
  let best = between(1, scores[order[0]!] ?? 0);
  for (let i = 0; i < order.length; ) {
    upper = scores[order[i]!]!;
    for (; i < order.length && scores[order[i]!] === upper; i++) tally.lower(owners[order[i]!]!);
    if (upper === 0 || tally.worth <= most) continue;
    most = tally.worth;
    best = between(upper, i < order.length ? scores[order[i]!]! : 0);
  }
  return best;
}

/**
 * The threshold of each label that serves the goal best. A label without a positive takes the global threshold: there is
 * nothing to find one from. With a target of precision it is never given, because each time that it is would be wrong.
 *
 * For a target and for the macro average each label is a task of its own. The micro-averaged F-measure is a ratio of two
 * sums over the labels, which W. Dinkelbach's method (Management Science 13, 1967) makes largest exactly: for a guess of
 * the ratio, each label's best cut of numerator minus ratio times denominator gives a better one, until none does.
 */
export function thresholdsPerLabel(labels: readonly Cuts[], goal: Goal, global: number): number[] {
  const unknown = goal.targetPrecision === undefined ? global : 1;
  const thresholdsFor = (worth: Worth) =>
    labels.map((cuts) => (cuts.positives === 0 ? unknown : thresholdAt(cuts, bestCut(cuts, worth), goal)));
  if (isTarget(goal) || goal.average === "macro") return thresholdsFor(worthOf(goal));
  let thresholds = labels.map(() => global);
  let ratio = averageF(labels, thresholds, goal);
  for (;;) {
    const gain = 1 + goal.beta ** 2 - ratio;
    const next = thresholdsFor((hits, alarms) => gain * hits - ratio * alarms);
    const better = averageF(labels, next, goal);
    if (better <= ratio) return thresholds;
    thresholds = next;
    ratio = better;
  }
}

/**
 * Draws a label's threshold toward the global one, on the scale of logits: by half when it has as many
 * positives as `shrinkage`, fully when it has none.
 */
export function shrink(threshold: number, global: number, positives: number, shrinkage: number): number {
  if (positives === 0) return global;
  if (shrinkage === 0) return threshold;
  const weight = positives / (positives + shrinkage);
  return 1 / (1 + Math.exp(-(weight * logit(threshold) + (1 - weight) * logit(global))));
}

/** Index of the cut that is worth most, the highest of equals; -1 when nothing is best. */
function bestCut(cuts: Cuts, worth: Worth): number {
  let best = -1;
  let most = worth(0, 0, cuts.positives);
  for (let i = 0; i < cuts.scores.length && cuts.scores[i]! > 0; i++) {
    const here = worth(cuts.truePositives[i]!, cuts.falsePositives[i]!, cuts.positives);
    if (here <= most) continue;
    most = here;
    best = i;
  }
  return best;
}

function thresholdAt({ scores }: Cuts, cut: number, goal: Goal): number {
  if (cut >= 0) return between(scores[cut]!, scores[cut + 1] ?? 0);
  return isTarget(goal) ? 1 : between(1, scores[0] ?? 0);
}

/** The middle of two probabilities, as far as single precision can tell it from the upper one. */
function between(upper: number, lower: number): number {
  const middle = (upper + lower) / 2;
  return Math.fround(middle) < upper ? middle : lower;
}

function logit(probability: number): number {
  const inside = Math.min(Math.max(probability, 1e-7), 1 - 1e-7);
  return Math.log(inside / (1 - inside));
}

/** The worth of one threshold for all labels, while it is lowered past one cut after the other. */
class Tally {
  readonly #labels: readonly Cuts[];
  readonly #goal: Goal;
  readonly #worth: Worth;
  readonly #positives: number;
  /** The number of cuts that each label has passed. */
  readonly #passed: Uint32Array;
  #hits = 0;
  #alarms = 0;
  #sumOfF = 0;

  constructor(labels: readonly Cuts[], goal: Goal) {
    this.#labels = labels;
    this.#goal = goal;
    this.#worth = worthOf(goal);
    this.#passed = new Uint32Array(labels.length);
    this.#positives = labels.reduce((sum, { positives }) => sum + positives, 0);
  }

  get worth(): number {
    if (!isTarget(this.#goal) && this.#goal.average === "macro") return this.#sumOfF;
    return this.#worth(this.#hits, this.#alarms, this.#positives);
  }

  /** Lets a label pass its next cut. */
  lower(label: number): void {
    const { truePositives, falsePositives, positives } = this.#labels[label]!;
    const next = this.#passed[label]!++;
    const [hits, alarms] = [truePositives[next]!, falsePositives[next]!];
    const [hitsBefore, alarmsBefore] = [truePositives[next - 1] ?? 0, falsePositives[next - 1] ?? 0];
    this.#hits += hits - hitsBefore;
    this.#alarms += alarms - alarmsBefore;
    const { beta } = this.#goal;
    this.#sumOfF += fBeta(beta, hits, alarms, positives) - fBeta(beta, hitsBefore, alarmsBefore, positives);
  }
}
