// The bag of words beside a model, judged on the table of an evaluation.
import { join } from "node:path";
import { isBagOfWordsDirectory } from "../classifier/bag-of-words-model.js";
import type { ClassifierEvaluation } from "../classifier/evaluation.js";
import { Classifier } from "../classifier.js";
import type { Dataset } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { inBackground } from "../evaluation/background.js";
import { baselineDirectory } from "../model/file-names.js";
import type { BaselineFigures } from "../report/baseline-words.js";

/** Compares a model with the bag of words that its run has left; `null` where there is none. */
export async function evaluateBaseline(
  model: Classifier,
  dataset: Dataset,
  { logits, labels }: ClassifierEvaluation,
): Promise<BaselineFigures | null> {
  const directory = join(model.info.path, baselineDirectory);
  if (!(await isBagOfWordsDirectory(directory))) return null;
  await using baseline = await Classifier.load(directory);
  if (baseline.labels.join("\n") !== model.labels.join("\n")) return null;
  const rival = await baseline.logits(dataset.texts);
  const decisions = [model.decision, baseline.decision] as const;
  const { comparison } = await inBackground("rivals", [
    ...([logits, rival, labels, model.labels, decisions, clustersOf(dataset)] as const),
  ]);
  return { on: "given", crossFitted: false, comparison };
}
