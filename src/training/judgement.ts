// What a run decides about its model at the end: thresholds from the validation rows, and whether a bag of words would do.

import type { CallOptions } from "../base/cancel.js";
import { type BaselineRows, labelsOf } from "../baseline/background.js";
import { clustersOf } from "../data/groups.js";
import { selectRows } from "../data/select-rows.js";
import { inBackground } from "../evaluation/background.js";
import { endTuning, foldsFor } from "../evaluation/rivals.js";
import type { Decision, Tuning } from "../evaluation/tuning.js";
import type { TuningOptions } from "../options/evaluation.js";
import type { BaselineFigures } from "../report/baseline-words.js";
import type { TuningRecord } from "../report/decision-record.js";

/** Logits of the model, or of the bag of words, for the rows held back. */
export interface HeldLogits {
  readonly validation: Float32Array | undefined;
  readonly test: Float32Array | undefined;
}

/** The rows held back. */
export interface HeldRows {
  readonly validation: BaselineRows | undefined;
  readonly test: BaselineRows | undefined;
}

/** Learns thresholds and temperatures from validation rows, of labels that may stand below others; `null` where they are too few. */
export async function tuneOnValidation(
  { validation }: HeldRows,
  logits: Float32Array | undefined,
  texts: TuningRecord["texts"],
  hierarchy: TuningOptions["hierarchy"],
  calls: CallOptions,
): Promise<TuningRecord | null> {
  if (!validation || !logits) return null;
  const clusters = clustersOf(selectRows(validation.dataset, validation.origin));
  const folds = foldsFor(clusters);
  const { source, labelNames } = validation.dataset;
  const options: TuningOptions = { ...endTuning, folds, hierarchy };
  const tuning: Tuning = await inBackground(
    "tune",
    [logits, labelsOf(validation), labelNames, options, clusters],
    calls,
  );
  return { tuning, source, onValidation: true, texts };
}

/** The model beside the bag of words: on the test rows, or else on the validation rows; `null` without any. */
export async function compareWithBaseline(
  rows: HeldRows,
  model: HeldLogits,
  baseline: HeldLogits,
  decisions: readonly [Decision, Decision] | null,
  hierarchy: TuningOptions["hierarchy"],
  calls: CallOptions,
): Promise<BaselineFigures | null> {
  const on = rows.test && model.test ? "test" : "validation";
  const [held, logits, rival] = [rows[on], model[on], baseline[on]];
  if (!held || !logits || !rival) return null;
  const labelNames = held.dataset.labelNames;
  const given =
    on === "test" ? (decisions ?? ([untuned(labelNames), untuned(labelNames)] as const)) : undefined;
  const clusters = clustersOf(selectRows(held.dataset, held.origin));
  const { comparison } = await inBackground(
    "rivals",
    [logits, rival, labelsOf(held), labelNames, given, clusters, hierarchy],
    calls,
  );
  return { on, crossFitted: on === "validation", comparison };
}

function untuned(labels: readonly string[]): Decision {
  return { temperatures: labels.map(() => 1), thresholds: labels.map(() => 0.5) };
}
