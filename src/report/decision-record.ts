// What new thresholds leave in a model directory: in tagformer.json, and in the model card.

import type { CallOptions } from "../base/cancel.js";
import type { StoredKeys } from "../data/text-keys.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Decision, Tuning } from "../evaluation/tuning.js";
import { decisionFields, tuningFields } from "../model/decision.js";
import type { JsonObject } from "../model/json-file.js";
import { judgeTestRows } from "../model/test-rows.js";
import { cardWithTuning } from "./card-tuning.js";

/** A tuning, and the rows it was made on. */
export interface TuningRecord {
  readonly tuning: Tuning;
  /** Where the rows came from. */
  readonly source: string;
  /** Whether they are the run's validation rows, by which the epoch was chosen. */
  readonly onValidation: boolean;
  /** Their texts; `null` when they are not known. */
  readonly texts: StoredKeys | null;
}

/** What changes in a model directory. */
export interface DecisionChange {
  /** Fields of tagformer.json; `undefined` takes one away. */
  readonly fields: JsonObject;
  readonly changeCard: (card: string) => string;
}

/** What a tuning changes, and what the tuned model does on the run's test rows; `null` where it had none. */
interface TuningChange extends DecisionChange {
  readonly test: TestFigures | null;
}

/** The decision is the one that is stored. */
export const unchangedDecision: DecisionChange = { fields: {}, changeCard: (card) => card };

/** Thresholds that were not tuned. */
export function givenDecision(decision: Decision, labels: readonly string[]): DecisionChange {
  return {
    fields: { ...decisionFields(decision, labels), tuning: undefined },
    changeCard: (card) => cardWithTuning(card, null),
  };
}

/**
 * Thresholds that were tuned, with the figures they have on the run's test rows.
 *
 * @param directory of the model, or `null` when it has none
 */
export async function tunedDecision(
  record: TuningRecord,
  labels: readonly string[],
  directory: string | null,
  options: CallOptions = {},
): Promise<TuningChange> {
  const test = directory === null ? null : await judgeTestRows(directory, record.tuning, options);
  return {
    fields: tuningFields(record, labels, test),
    changeCard: (card) => cardWithTuning(card, { ...record, labels, test }),
    test,
  };
}
