// Evaluations that take seconds for large tables, as one call each: plain values in and out, so that a thread can run them.
import { confidenceIntervals, type Intervals } from "./bootstrap.js";
import { type Evaluation, evaluate } from "./metrics.js";
import { type WorstElements, worstElements } from "./mistakes.js";
import { type Objective, objectiveLoss } from "./objective.js";
import { judgeRivals, type RivalFigures } from "./rivals.js";
import { divideByTemperature } from "./temperature.js";
import { type Decision, thresholdsOf, tune } from "./tuning.js";

/**
 * Metrics of a model's logits, decided at a probability of 1/2, and what its training minimises.
 *
 * @param parts of the rows, which are dealt to them in turn: metrics without each of them show how far they move with the rows
 */
function measure(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  objective: Objective,
  parts = 0,
): {
  readonly metrics: Evaluation;
  readonly objective: number | null;
  readonly withoutParts: readonly Evaluation[];
} {
  const count = labelNames.length;
  const without = (values: Float32Array, part: number) =>
    values.filter((_, i) => Math.floor(i / count) % parts !== part);
  return {
    metrics: evaluate({ logits }, labels, labelNames),
    objective: objectiveLoss(logits, labels, count, objective),
    withoutParts: Array.from({ length: parts }, (_, part) =>
      evaluate({ logits: without(logits, part) }, without(labels, part), labelNames),
    ),
  };
}

/** What a model does on rows by which neither its weights nor anything else about it was chosen. */
export interface TestFigures {
  /** Figures over all labels and of each. */
  readonly metrics: Evaluation;
  /** How far they may be off because the rows happen to be these. */
  readonly intervals: Intervals;
}

/** Metrics of a model's logits with their intervals, decided at a probability of 1/2 where no decision is given. */
function test(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  decision?: Decision,
  clusters?: Int32Array,
): TestFigures {
  const scores = { logits: decision ? divideByTemperature(logits, decision.temperatures) : logits };
  const thresholds = decision && thresholdsOf(decision);
  return {
    metrics: evaluate(scores, labels, labelNames, thresholds),
    intervals: confidenceIntervals(scores, labels, labelNames, thresholds, {}, clusters),
  };
}

/** Metrics and mistakes of a model's logits, as its temperatures and thresholds decide. */
function judge(
  logits: Float32Array,
  labels: Float32Array,
  labelNames: readonly string[],
  decision: Decision,
): { readonly metrics: Evaluation; readonly worst: WorstElements } {
  const scores = { logits: divideByTemperature(logits, decision.temperatures) };
  const thresholds = thresholdsOf(decision);
  const metrics = evaluate(scores, labels, labelNames, thresholds);
  const worst = worstElements(scores, labels, labelNames, Number.POSITIVE_INFINITY, thresholds);
  return { metrics, worst };
}

/** What each job takes; first of all the logits, `[rows * labels]`. */
export interface JobParameters {
  readonly measure: Parameters<typeof measure>;
  readonly test: Parameters<typeof test>;
  readonly judge: Parameters<typeof judge>;
  readonly tune: Parameters<typeof tune>;
  readonly rivals: Parameters<typeof judgeRivals>;
}

/** What each job gives. */
export interface JobResults {
  readonly measure: ReturnType<typeof measure>;
  readonly test: ReturnType<typeof test>;
  readonly judge: ReturnType<typeof judge>;
  readonly tune: ReturnType<typeof tune>;
  readonly rivals: RivalFigures;
}

export type JobName = keyof JobParameters;

/** All jobs by name. */
export const jobs: {
  readonly [Name in JobName]: (...parameters: JobParameters[Name]) => JobResults[Name];
} = { measure, test, judge, tune, rivals: judgeRivals };
