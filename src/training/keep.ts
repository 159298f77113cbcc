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
  readonly #keep: ResolvedTrainingOptions["keep"];
  #best = Number.NEGATIVE_INFINITY;
  #bestEpoch = 0;
  #last = 0;
  /** The epoch that is kept, 1-based; `undefined` before the first. */
  epoch: number | undefined;

  /** `patience` is the number of epochs without a better one after which to stop; 0: never. */
  constructor(metric: BestMetric, patience: number, keep: ResolvedTrainingOptions["keep"] = "best") {
    this.#metric = metric;
    this.#patience = patience;
    this.#keep = keep;
  }

  /** Takes an epoch in; `true` when it is to be kept: the best so far, or the latest. Without validation, every epoch is. */
  isBest(epoch: number, validation: Evaluation | undefined): boolean {
    this.#last = epoch;
    const value = validation ? figure(validation, this.#metric) : Number.POSITIVE_INFINITY;
    const better = !validation || value > this.#best;
    if (better) {
      this.#best = value;
      this.#bestEpoch = epoch;
    }
    if (better || this.#keep === "last") this.epoch = epoch;
    return this.epoch === epoch;
  }

  get exhausted(): boolean {
    return this.#patience > 0 && this.#bestEpoch > 0 && this.#last - this.#bestEpoch >= this.#patience;
  }
}
