// From probabilities to the thresholds that serve a goal best, of labels by themselves or below others.
import type { ResolvedTuningOptions } from "../options/evaluation.js";
import { type Cuts, columnOf, cutsOf } from "./cuts.js";
import { averageF, isTarget } from "./goal.js";
import { fromTheTop, type Parents } from "./hierarchy.js";
import { globalThreshold, shrink, thresholdsPerLabel } from "./threshold-search.js";
import { twoPassThreshold } from "./two-pass.js";

/** Labelled rows, both `[rows * labels]`. */
interface LabelledRows {
  readonly probabilities: Float32Array;
  /** 0, 1 or NaN. */
  readonly truth: Float32Array;
  readonly labels: number;
}

/**
 * A threshold for each label.
 *
 * @param parents where labels stand below others: their thresholds are then learnt from the top down, each from the rows in which
 * the label above is given
 */
export function learnThresholds(
  rows: LabelledRows,
  options: ResolvedTuningOptions,
  parents?: Parents,
): number[] {
  const probabilities = parents ? capByParents(rows.probabilities, parents) : rows.probabilities;
  if (options.method === "two-pass")
    return new Array<number>(rows.labels).fill(twoPassThreshold(cutsOf(probabilities, rows.truth)));
  const capped = cutsByLabel({ ...rows, probabilities });
  if (parents === undefined) return thresholdsFrom(capped, options);
  const global = globalThreshold(capped, options);
  const same = capped.map(() => global);
  if (options.method === "global") return same;
  const own = thresholdsFromTheTop(rows, options, parents);
  if (isTarget(options)) return own.thresholds;
  return averageF(own.cuts, own.thresholds, options) < averageF(capped, same, options)
    ? same
    : own.thresholds;
}

function thresholdsFrom(cuts: readonly Cuts[], options: ResolvedTuningOptions): number[] {
  const global = globalThreshold(cuts, options);
  const same = cuts.map(() => global);
  if (options.method === "global") return same;
  const own = thresholdsPerLabel(cuts, options, global);
  if (isTarget(options)) return own;
  const shrunk = own.map((threshold, label) =>
    shrink(threshold, global, cuts[label]!.positives, options.shrinkage),
  );
  return averageF(cuts, shrunk, options) < averageF(cuts, same, options) ? same : shrunk;
}

function cutsByLabel(rows: LabelledRows): Cuts[] {
  return Array.from({ length: rows.labels }, (_, label) => cutsOfLabel(rows, label));
}

function cutsOfLabel({ probabilities, truth, labels }: LabelledRows, label: number): Cuts {
  return cutsOf(columnOf(probabilities, label, labels), columnOf(truth, label, labels));
}

/** Probabilities that are no larger than those of the labels above: one threshold for all then gives a label with those. */
function capByParents(probabilities: Float32Array, parents: Parents): Float32Array {
  const capped = probabilities.slice();
  for (const label of fromTheTop(parents)) {
    const parent = parents[label]!;
    if (parent < 0) continue;
    for (let row = 0; row < capped.length; row += parents.length)
      capped[row + label] = Math.min(capped[row + label]!, capped[row + parent]!);
  }
  return capped;
}

/** Also the cuts that are left, which are none in rows where a label above is not given. */
function thresholdsFromTheTop(
  rows: LabelledRows,
  options: ResolvedTuningOptions,
  parents: Parents,
): { readonly thresholds: number[]; readonly cuts: readonly Cuts[] } {
  const left = { ...rows, probabilities: rows.probabilities.slice() };
  const cuts = cutsByLabel(left);
  const thresholds = thresholdsFrom(cuts, options);
  for (const label of fromTheTop(parents)) {
    const parent = parents[label]!;
    if (parent < 0) continue;
    const least = Math.fround(thresholds[parent]!);
    for (let row = 0; row < left.probabilities.length; row += rows.labels)
      if (!(left.probabilities[row + parent]! > least)) left.probabilities[row + label] = 0;
    cuts[label] = cutsOfLabel(left, label);
    thresholds[label] = thresholdsFrom(cuts, options)[label]!;
  }
  return { thresholds, cuts };
}
