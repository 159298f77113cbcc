// Which models a classifier can be loaded from, and how one reads texts unless it is told otherwise.
import { dirname, join } from "node:path";
import { invalidModel, invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { didYouMean } from "../base/suggestion.js";
import { listLabels } from "../data/column-names.js";
import type { Decision } from "../evaluation/tuning.js";
import { readDecision } from "../model/decision.js";
import { configFile, tagformerFile } from "../model/file-names.js";
import { isTorchScriptPath } from "../model/torchscript/source.js";
import { trainedReading } from "../model/trained-reading.js";
import { type ClassifierOptions, classifierOptions } from "../options/model.js";
import type { LoadedModel, ModelFiles } from "../predict/loaded-model.js";

/** {@link ClassifierOptions} with every default filled in. */
export type ResolvedClassifierOptions = ReturnType<typeof parseClassifierOptions>;

function parseClassifierOptions(options: ClassifierOptions) {
  return parseOptions(classifierOptions, options);
}

/**
 * Checks that a model has one score for each label, and names for them.
 *
 * @throws TagformerError `INVALID_MODEL` or `INVALID_OPTION`
 */
export function requireClassifier(path: string, files: ModelFiles, { labels }: ClassifierOptions): void {
  if (labels !== undefined && !isTorchScriptPath(path)) requireLabels(path, files.labels.names, labels);
  // A head that was trained for one label a text gives scores that mean something only beside each other.
  const { problem_type: type = null } = files.config;
  if (type !== null && type !== "multi_label_classification") {
    throw invalidModel(
      `${join(path, configFile)}: problem_type is ${JSON.stringify(type)}; a classifier here gives every label a score of its own ("multi_label_classification"), so train one from this model first: \`tagformer train DATA --model ${path} --output DIR\``,
    );
  }
}

/** @throws TagformerError `INVALID_OPTION` when a model has other labels than a program expects, or another order of them */
function requireLabels(path: string, found: readonly string[], expected: readonly string[]): void {
  if (found.length === expected.length && found.every((name, i) => name === expected[i])) return;
  throw invalidOption(
    `option labels is ${listLabels(expected)}, but the labels of ${path} are ${listLabels(found)}; give those in this order, or leave the option out`,
  );
}

/**
 * Checks that a loaded model has a head, and is no pretrained network alone.
 *
 * @throws TagformerError `INVALID_MODEL`
 */
export function requireHead(path: string, { script }: ModelFiles, { model }: LoadedModel): void {
  if (script !== null || model.info.hasHead) return;
  throw invalidModel(
    `${path} has no classification head: it is a pretrained model, not a classifier; train one from it with \`tagformer train DATA --model ${path} --output DIR\``,
  );
}

/** The options of loading, where those that are not given are as in the training of the model. */
export function withTrainedReading(
  { tagformer }: ModelFiles,
  options: ClassifierOptions,
): ResolvedClassifierOptions & { readonly usualLength: number | undefined } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const { maxLength: usualLength, ...windows } = trainedReading(tagformer);
  return { ...parseClassifierOptions({ ...windows, ...Object.fromEntries(given) }), usualLength };
}

/**
 * The temperatures and thresholds of a loaded model: the stored ones, but for the thresholds that were given.
 *
 * @throws TagformerError `INVALID_MODEL`; `INVALID_OPTION` when a threshold is for a label that the model does not have
 */
export function decisionOf(
  path: string,
  files: ModelFiles,
  names: readonly string[],
  threshold: ClassifierOptions["threshold"],
): Decision {
  const file = join(files.directory ?? dirname(path), tagformerFile);
  const stored = readDecision(files.tagformer ?? null, names, file);
  if (threshold === undefined) return stored;
  if (typeof threshold === "number") return { ...stored, thresholds: names.map(() => threshold) };
  const unknown = Object.keys(threshold).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidOption(
      `option threshold has one for "${unknown}", which is no label of ${path}${didYouMean(unknown, names)}`,
    );
  }
  return {
    ...stored,
    thresholds: names.map((name, i) =>
      Object.hasOwn(threshold, name) ? threshold[name]! : stored.thresholds[i]!,
    ),
  };
}
