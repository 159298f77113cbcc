// A model beside a simpler one, on the same rows and with thresholds that were tuned in the same way.
import { parseOptions } from "../base/parse-options.js";
import { type TuningOptions, tuningOptions } from "../options/evaluation.js";
import { type ComparedRun, type Comparison, compareScores } from "./compare.js";
import { type Evaluation, evaluate, evaluateDecisions } from "./metrics.js";
import { divideByTemperature } from "./temperature.js";
import { type Decision, decideByOthers, thresholdsOf } from "./tuning.js";

/** Thresholds and temperatures at the end of a run. */
export const endTuning = { temperature: "global" } as const satisfies TuningOptions;

/** What {@link judgeRivals} finds. */
export interface RivalFigures {
  readonly model: Evaluation;
  readonly rival: Evaluation;
  /** From the rival to the model: what is above 0 speaks for the model. */
  readonly comparison: Comparison;
}

/**
 * Judges two models on the same rows.
 *
 * @param logits of the model, `[rows * labels]`, before temperatures
 * @param rivalLogits of the simpler one
 * @param decisions of the model and of the rival, tuned on other rows; absent: every row is decided by temperatures and
 * thresholds that are tuned on the others (cross-fitting), of both models in the same folds
 * @param clusters the cluster of each row
 * @param hierarchy of the labels, for the cross-fitting
 */
export function judgeRivals(
  logits: Float32Array,
  rivalLogits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  decisions: readonly [Decision, Decision] | undefined,
  clusters: Int32Array,
  hierarchy?: TuningOptions["hierarchy"],
): RivalFigures {
  const decided = (values: Float32Array, decision: Decision | undefined) =>
    decision === undefined
      ? decidedByOthers(values, labels, labelNames, clusters, hierarchy)
      : decidedBy(values, decision, labels, labelNames);
  const [model, rival] = [decided(logits, decisions?.[0]), decided(rivalLogits, decisions?.[1])];
  const comparison = compareScores(rival.run, model.run, labels, labelNames, {}, clusters);
  return { model: model.metrics, rival: rival.metrics, comparison };
}

interface Decided {
  readonly run: ComparedRun;
  readonly metrics: Evaluation;
}

function decidedBy(
  logits: Float32Array,
  decision: Decision,
  labels: Float32Array,
  labelNames: readonly string[],
): Decided {
  const scores = { logits: divideByTemperature(logits, decision.temperatures) };
  const thresholds = thresholdsOf(decision);
  return { run: { scores, thresholds }, metrics: evaluate(scores, labels, labelNames, thresholds) };
}

function decidedByOthers(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  clusters: Int32Array,
  hierarchy: TuningOptions["hierarchy"],
): Decided {
  const folds = foldsFor(clusters);
  if (folds === 0) {
    const untuned = { temperatures: labelNames.map(() => 1), thresholds: labelNames.map(() => 0.5) };
    return decidedBy(logits, untuned, labels, labelNames);
  }
  const options = parseOptions(tuningOptions, { ...endTuning, folds, hierarchy });
  const { calibrated, decisions } = decideByOthers(logits, labels, labelNames, options, clusters);
  const scores = { logits: calibrated };
  const metrics = evaluateDecisions(scores, labels, labelNames, decisions);
  return { run: { scores, thresholds: decisions }, metrics };
}

/** Folds that a table of so many clusters can be cut into: five, or 0 where there are too few for any. */
export function foldsFor(clusters: Int32Array): number {
  const different = new Set(clusters).size;
  return different < 2 ? 0 : Math.min(5, different);
}
