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

/** What an epoch is to its run. */
interface EpochVerdict {
  /** No epoch before had as good a validation figure. */
  readonly best: boolean;
  /** Its model takes the place of the one kept until now. */
  readonly kept: boolean;
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

  /** What an epoch with this evaluation is to the run; nothing is remembered. Without validation, none is the best. */
  judge(validation: Evaluation | undefined): EpochVerdict {
    const best = validation !== undefined && figure(validation, this.#metric) > this.#best;
    return { best, kept: best || validation === undefined || this.#keep === "last" };
  }

  /** Takes an epoch in. */
  take(epoch: number, validation: Evaluation | undefined): EpochVerdict {
    const verdict = this.judge(validation);
    this.#last = epoch;
    if (verdict.best) {
      this.#best = figure(validation!, this.#metric);
      this.#bestEpoch = epoch;
    }
    if (verdict.kept) this.epoch = epoch;
    return verdict;
  }

  get exhausted(): boolean {
    return this.#patience > 0 && this.#bestEpoch > 0 && this.#last - this.#bestEpoch >= this.#patience;
  }
}
