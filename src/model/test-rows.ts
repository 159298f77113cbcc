// A model's figures on its run's test rows, with other thresholds than at the run's end.

import type { CallOptions } from "../base/cancel.js";
import { inBackground } from "../evaluation/background.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Decision } from "../evaluation/tuning.js";
import { clustersOfStored, readTest } from "./stored-predictions.js";

/**
 * What the model of a directory does on the test rows of its run, by their stored logits; `null` when it had none.
 *
 * @throws TagformerError `INVALID_MODEL` when the stored predictions are damaged, `IO`
 */
export async function judgeTestRows(
  directory: string,
  decision: Decision,
  options: CallOptions = {},
): Promise<TestFigures | null> {
  const stored = await readTest(directory);
  if (stored === null) return null;
  const { logits, labels, labelNames } = stored;
  return await inBackground(
    "test",
    [logits, labels, labelNames, decision, clustersOfStored(stored)],
    options,
  );
}
