// Temperatures and thresholds learnt from validation data, and how far to believe their figures.

import { invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { stratifiedFolds } from "../data/split.js";
import {
  type ResolvedTuningOptions,
  type TuningOptions,
  type TuningSettings,
  tuningOptions,
} from "../options/evaluation.js";
import { columnOf } from "./cuts.js";
import { isTarget } from "./goal.js";
import { hierarchyOf, type Parents, parentsOf } from "./hierarchy.js";
import { sigmoid } from "./loss.js";
import { type Evaluation, evaluateDecisions } from "./metrics.js";
import { checkedRows, decide, requireClusters, type Thresholds, truthOf } from "./scores.js";
import { type LabelTarget, labelTarget } from "./targets.js";
import { divideByTemperature, fitTemperature } from "./temperature.js";
import { learnThresholds } from "./threshold-learning.js";

/**
 * How a model's logits become labels, in this order: a logit is divided by the label's temperature, the sigmoid makes it a
 * probability, and the label is given when that is above (strictly) the label's threshold.
 */
export interface Decision {
  /** One for each label; 1 leaves the logits as they are. */
  readonly temperatures: readonly number[];
  /** One for each label, a probability after the division by the temperature. */
  readonly thresholds: readonly number[];
  /** For each label the index of the one above it, without which it is not given, or -1; absent: no label is below another. */
  readonly parents?: Parents | undefined;
}

/** How a decision's probabilities become labels, as {@link evaluate} takes it. */
export function thresholdsOf({ thresholds, parents }: Omit<Decision, "temperatures">): Thresholds {
  return parents ? { thresholds, parents } : thresholds;
}

/** What {@link tune} found. */
export interface Tuning extends Decision {
  /** What it was asked for, defaults included. */
  readonly options: TuningSettings;
  /** With temperatures of 1 and thresholds of 0.5. */
  readonly untuned: Evaluation;
  /** With the tuned ones, on the rows that they were tuned on: better than on any others. */
  readonly tuned: Evaluation;
  /**
   * Each row decided by temperatures and thresholds that were tuned without it. On the validation rows of a run they are a
   * little too good all the same, because the kept epoch was chosen by these rows. `null` without folds.
   */
  readonly crossFitted: Evaluation | null;
  /** What each label reaches of the target, in label order; `null` without a target or without folds. */
  readonly targets: readonly LabelTarget[] | null;
  /** The labels that are never given on the rows that they were tuned on. */
  readonly neverGiven: readonly string[];
  /** What thresholds for the macro average would do there instead; `null` when they were not asked about. */
  readonly macroInstead: MacroInstead | null;
}

/** The other choice: each label's own F-measure as good as it can be, which gives rare labels too. */
export interface MacroInstead {
  /** F1 over all labelled elements. */
  readonly microF1: number;
  /** Mean F1 of the labels. */
  readonly macroF1: number;
  /** The labels that are still never given. */
  readonly neverGiven: readonly string[];
}

/**
 * Learns temperatures and thresholds from logits that a model gave rows it was not trained on.
 *
 * Temperatures first, by maximum likelihood; then thresholds of the probabilities that they make. Those are found by an exact
 * sweep over all that decide differently; ones of rare labels are drawn toward the global one (`shrinkage`). For an
 * F-measure the result is never worse than the global threshold on the data it was tuned on. With targets, labels are not
 * drawn: each meets its target on this data, or is never given when no threshold is precise enough.
 *
 * @param logits `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @param clusters the cluster of each row, as {@link clustersOf} finds them: rows of one are in one fold
 * @throws {TagformerError} `INVALID_DATA` or `NOT_FINITE` as {@link evaluate}, `INVALID_OPTION` for options that contradict
 * each other or fewer rows than folds
 */
export function tune(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  options: TuningOptions = {},
  clusters?: Int32Array,
): Tuning {
  const resolved = parseOptions(tuningOptions, options);
  const rows = checkedRows({ logits }, labels, labelNames);
  requireClusters(clusters, rows);
  if (rows < resolved.folds) {
    throw invalidOption(
      `option folds is ${resolved.folds}, but there are only ${rows} rows to tune on; give fewer folds, or 0 for none`,
    );
  }
  const different = clusters && new Set(clusters).size;
  if (different !== undefined && different < resolved.folds) {
    throw invalidOption(
      `option folds is ${resolved.folds}, but the rows are of only ${different} groups or texts, which stay together; give fewer folds, or 0 for none`,
    );
  }
  const decided = (decision: Decision) => {
    const { calibrated, decisions } = apply(logits, decision);
    return evaluateDecisions({ logits: calibrated }, labels, labelNames, decisions, parents);
  };
  const parents = parentsFor(resolved, labelNames);
  const untuned = decided({
    temperatures: labelNames.map(() => 1),
    thresholds: labelNames.map(() => 0.5),
    parents,
  });
  const decision = learn(logits, labels, labelNames, resolved);
  const tuned = decided(decision);
  const crossFitted = crossFit(logits, labels, labelNames, resolved, clusters);
  const isMicro = resolved.method === "per-label" && resolved.average === "micro" && !isTarget(resolved);
  const macro = isMicro
    ? decided(learn(logits, labels, labelNames, { ...resolved, average: "macro" }))
    : null;
  return {
    ...decision,
    options: resolved,
    untuned,
    tuned,
    crossFitted,
    targets:
      crossFitted && isTarget(resolved)
        ? crossFitted.labels.map((label) => labelTarget(label.name, label, resolved))
        : null,
    neverGiven: neverGiven(tuned),
    macroInstead: macro && {
      microF1: macro.micro.f1,
      macroF1: macro.macro.f1,
      neverGiven: neverGiven(macro),
    },
  };
}

function neverGiven({ labels }: Evaluation): string[] {
  return labels
    .filter(({ truePositives, falsePositives }) => truePositives + falsePositives === 0)
    .map(({ name }) => name);
}

/** Logits after their temperatures, and the decisions on them, both `[rows * labels]`. */
function apply(
  logits: Float32Array,
  decision: Decision,
): { calibrated: Float32Array; decisions: Uint8Array } {
  const calibrated = divideByTemperature(logits, decision.temperatures);
  const decisions = decide(sigmoid(calibrated), decision.thresholds.length, thresholdsOf(decision));
  return { calibrated, decisions };
}

/** A decision for some of its labels, in another order; a label whose upper one is left out stands below none. */
export function selectLabels(decision: Decision, columns: readonly number[]): Decision {
  const select = <Value>(values: readonly Value[]) => columns.map((column) => values[column]!);
  return {
    temperatures: select(decision.temperatures),
    thresholds: select(decision.thresholds),
    parents: decision.parents && select(decision.parents).map((parent) => columns.indexOf(parent)),
  };
}

/** Options of a tuning that keeps the hierarchy of an earlier decision, unless it is given another one. */
export function withHierarchyOf(
  { parents }: Decision,
  labelNames: readonly string[],
  options: TuningOptions,
): TuningOptions {
  return parents ? { hierarchy: hierarchyOf(parents, labelNames), ...options } : options;
}

function parentsFor(
  { hierarchy }: ResolvedTuningOptions,
  labelNames: readonly string[],
): Parents | undefined {
  return parentsOf(hierarchy ?? {}, labelNames);
}

function learn(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  options: ResolvedTuningOptions,
): Decision {
  const width = labelNames.length;
  const parents = parentsFor(options, labelNames);
  const temperatures = learnTemperatures(logits, labels, width, options);
  const probabilities = sigmoid(divideByTemperature(logits, temperatures));
  const thresholds = learnThresholds(
    { probabilities, truth: truthOf(labels), labels: width },
    options,
    parents,
  );
  return { temperatures, thresholds, parents };
}

function learnTemperatures(
  logits: Float32Array,
  labels: Float32Array,
  width: number,
  { temperature, shrinkage }: ResolvedTuningOptions,
): number[] {
  if (temperature === "none") return new Array<number>(width).fill(1);
  const global = fitTemperature(logits, labels);
  return Array.from({ length: width }, (_, label) => {
    const ownLabels = columnOf(labels, label, width);
    const rows = rarerKind(truthOf(ownLabels));
    if (temperature === "global" || rows === 0) return global;
    const own = fitTemperature(columnOf(logits, label, width), ownLabels);
    const weight = rows / (rows + shrinkage);
    return Math.exp(weight * Math.log(own) + (1 - weight) * Math.log(global));
  });
}

/** A label that is always or never set has no temperature of its own. */
function rarerKind(truth: Float32Array): number {
  const labelled = truth.filter((set) => !Number.isNaN(set)).length;
  const positives = truth.filter((set) => set === 1).length;
  return Math.min(positives, labelled - positives);
}

/** The figures of rows that were each decided by what others teach; `null` without folds. */
function crossFit(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  options: ResolvedTuningOptions,
  clusters: Int32Array | undefined,
): Evaluation | null {
  if (options.folds === 0) return null;
  const { calibrated, decisions } = decideByOthers(logits, labels, labelNames, options, clusters);
  const parents = parentsFor(options, labelNames);
  return evaluateDecisions({ logits: calibrated }, labels, labelNames, decisions, parents);
}

/** Logits after temperatures, and decisions, both `[rows * labels]`: each part of the rows by what the others teach. */
export function decideByOthers(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  options: ResolvedTuningOptions,
  clusters: Int32Array | undefined,
): { readonly calibrated: Float32Array; readonly decisions: Uint8Array } {
  const { folds, seed } = options;
  const width = labelNames.length;
  const calibrated = new Float32Array(logits.length);
  const decisions = new Uint8Array(logits.length);
  // Label by label, so that every part has its share of the rare ones.
  const groups = clusters && Array.from(clusters, String);
  const dataset = { labels, labelNames, ...(groups && { groups }) };
  for (const split of stratifiedFolds(dataset, { folds, seed, method: "iterative" })) {
    const { train: others, validation: held } = split;
    const decision = learn(rowsOf(logits, others, width), rowsOf(labels, others, width), labelNames, options);
    const part = apply(rowsOf(logits, held, width), decision);
    for (const [i, row] of held.entries()) {
      calibrated.set(part.calibrated.subarray(i * width, (i + 1) * width), row * width);
      decisions.set(part.decisions.subarray(i * width, (i + 1) * width), row * width);
    }
  }
  return { calibrated, decisions };
}

function rowsOf(values: Float32Array, rows: Int32Array, width: number): Float32Array {
  const selected = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    selected.set(values.subarray(row * width, (row + 1) * width), i * width);
  }
  return selected;
}
