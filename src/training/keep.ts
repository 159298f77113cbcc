// Which epoch's weights a run keeps.
import type { Evaluation } from "../evaluation/metrics.js";
import type { ResolvedTrainingOptions } from "../options.js";

type BestMetric = ResolvedTrainingOptions["bestMetric"];

/** A figure of an evaluation, turned so that larger is better. */
function figure(evaluation: Evaluation, metric: BestMetric): number {
  switch (metric) {
    case "microF1":
      return evaluation.micro.f1;
    case "macroF1":
      return evaluation.macro.f1;
    case "subsetAccuracy":
      return evaluation.subsetAccuracy;
    case "loss":
      return -(evaluation.loss ?? Number.POSITIVE_INFINITY);
  }
}

/** Follows the validation figure over the epochs. */
export class BestEpoch {
  readonly #metric: BestMetric;
  readonly #patience: number;
  #best = Number.NEGATIVE_INFINITY;
  #last = 0;
  /** The best epoch so far, 1-based; `undefined` before the first. */
  epoch: number | undefined;

  /** `patience` is the number of epochs without a better one after which to stop; 0: never. */
  constructor(metric: BestMetric, patience: number) {
    this.#metric = metric;
    this.#patience = patience;
  }

  /** Takes an epoch in; `true` when it is the best so far. Without validation, the latest epoch always is. */
  isBest(epoch: number, validation: Evaluation | undefined): boolean {
    this.#last = epoch;
    const value = validation ? figure(validation, this.#metric) : Number.POSITIVE_INFINITY;
    if (validation && !(value > this.#best)) return false;
    this.#best = value;
    this.epoch = epoch;
    return true;
  }

  get exhausted(): boolean {
    return this.#patience > 0 && this.epoch !== undefined && this.#last - this.epoch >= this.#patience;
  }
}
