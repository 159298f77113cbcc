// What a classifier tells of a dataset whose labels are known.
import type { Dataset } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { checkShape } from "../data/shape.js";
import { KeySet, textKeys } from "../data/text-keys.js";
import { inBackground } from "../evaluation/background.js";
import type { Evaluation } from "../evaluation/metrics.js";
import { type Mistake, mistakesOf } from "../evaluation/mistakes.js";
import { type Decision, type Tuning, withHierarchyOf } from "../evaluation/tuning.js";
import type { SeenTexts } from "../model/seen-texts.js";
import type { TuningOptions } from "../options/evaluation.js";
import type { InferenceOptions } from "../predict/encoded-texts.js";
import type { Predictor } from "../predict/predictor.js";
import { textsOf } from "../predict/texts.js";
import { tunedDecision } from "../report/decision-record.js";
import type { TokenCounts } from "../text/token-counts.js";
import { labelsInOrder } from "./dataset-labels.js";
import type { StoredModel } from "./stored-model.js";

/** What {@link Classifier.evaluate} returns. */
export interface ClassifierEvaluation {
  /** Figures over all labels and of each, with the classifier's temperatures and thresholds. */
  readonly metrics: Evaluation;
  /** Rows decided wrongly, worst first; `row` counts the rows of the dataset from 0. */
  readonly mistakes: readonly Mistake[];
  /** The model's logits, before temperatures, `[rows * labels]`, in the model's label order. */
  readonly logits: Float32Array;
  /** The dataset's labels in the model's label order, `[rows * labels]`. */
  readonly labels: Float32Array;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
  /** How many of the texts the model has seen in its training or tuning; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
}

/** What {@link Classifier.tune} returns. */
export interface ClassifierTuning extends Tuning {
  /** How many of the texts the model has seen in its training; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
}

/** What an evaluation needs of a classifier. */
export interface EvaluatedParts {
  readonly predictor: Pick<Predictor, "score">;
  readonly labels: readonly string[];
  readonly stored: StoredModel;
}

/** Compares predictions with the labels of a dataset: see `Classifier.evaluate`. */
export async function evaluateOn(
  parts: EvaluatedParts,
  decision: Decision,
  dataset: Dataset,
  options: InferenceOptions,
): Promise<ClassifierEvaluation> {
  const { logits, labels, tokens } = await scoreDataset(parts, dataset, options);
  const { metrics, worst } = await inBackground("judge", [logits, labels, parts.labels, decision], options);
  const seen = await parts.stored.countSeen(dataset.texts);
  return { metrics, mistakes: mistakesOf(worst, labels, parts.labels), logits, labels, tokens, seen };
}

/**
 * Learns a decision from a dataset, which is stored with the model from then on: see `Classifier.tune`.
 *
 * @param former what was in use before: its hierarchy remains unless another one is given
 * @param decided given the decision as soon as it is made
 */
export async function tuneOn(
  parts: EvaluatedParts,
  dataset: Dataset,
  { signal, onProgress, ...given }: TuningOptions & InferenceOptions,
  former: Decision,
  decided: (decision: Decision) => void,
): Promise<ClassifierTuning> {
  const { stored } = parts;
  const { logits, labels, tokens } = await scoreDataset(parts, dataset, { signal, onProgress });
  const seen = await stored.countSeen(dataset.texts);
  const clusters = clustersOf(dataset);
  const tuning = withHierarchyOf(former, parts.labels, given);
  const found = await inBackground("tune", [logits, labels, parts.labels, tuning, clusters], { signal });
  const keys = KeySet.of(await textKeys(dataset.texts));
  const record = { tuning: found, source: dataset.source, onValidation: false, texts: keys.stored() };
  const { temperatures, thresholds, parents } = found;
  decided({ temperatures, thresholds, parents });
  stored.decide(() => tunedDecision(record, parts.labels, stored.directory), keys);
  return { ...found, tokens, seen: seen && { ...seen, tunedOn: 0 } };
}

/** Logits of a dataset's texts, and its labels in the model's order. */
async function scoreDataset(
  parts: EvaluatedParts,
  dataset: Dataset,
  options: InferenceOptions,
): Promise<{ logits: Float32Array; labels: Float32Array; tokens: TokenCounts }> {
  checkShape(dataset);
  const labels = labelsInOrder(dataset, parts.labels);
  const { logits, counts } = await parts.predictor.score(textsOf(dataset.texts), options);
  return { labels, logits, tokens: counts };
}
