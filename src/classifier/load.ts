// From a directory, a name on the hub or a TorchScript file to all that a classifier is made of.

import type { CallOptions } from "../base/cancel.js";
import { requirePath } from "../base/kinds.js";
import { parseOptions } from "../base/parse-options.js";
import type { Decision } from "../evaluation/tuning.js";
import { readOneVersion } from "../model/version.js";
import { checkDevice } from "../native/device.js";
import { callOptions } from "../options/calls.js";
import { requireWindowEffect } from "../options/effect.js";
import { type ClassifierOptions, classifierOptions } from "../options/model.js";
import { loadModel, type ModelFiles, prepareLoading, readModelFiles } from "../predict/loaded-model.js";
import { givenDecision } from "../report/decision-record.js";
import { isBagOfWords, loadBagOfWords } from "./bag-of-words-model.js";
import { type FixedInfo, fixedInfo } from "./info.js";
import { decisionOf, requireClassifier, requireHead, withTrainedReading } from "./loading-rules.js";
import { StoredModel } from "./stored-model.js";
import type { TextModel } from "./text-model.js";
import { TransformerModel } from "./transformer.js";

/** What a classifier is made of. */
export interface ClassifierParts {
  readonly model: TextModel;
  readonly stored: StoredModel;
  readonly decision: Decision;
  readonly info: FixedInfo;
}

const loadCall = classifierOptions.extend(callOptions.shape);

/** Loads a model for a classifier; see `Classifier.load`. */
export async function loadParts(
  nameOrPath: string,
  given: ClassifierOptions & CallOptions,
): Promise<ClassifierParts> {
  requirePath(nameOrPath, "model");
  const { device } = parseOptions(loadCall, given);
  prepareLoading();
  await checkDevice(device);
  // Another process may save a model there meanwhile.
  return await readOneVersion(
    nameOrPath,
    () => loadVersion(nameOrPath, given),
    ({ model }) => model.dispose(),
    given,
  );
}

async function loadVersion(
  nameOrPath: string,
  { signal, ...options }: ClassifierOptions & CallOptions,
): Promise<ClassifierParts> {
  const { tokenizer, threshold } = options;
  const files = await readModelFiles(nameOrPath, tokenizer, { signal });
  requireClassifier(nameOrPath, files, options);
  const model = await loadTextModel(nameOrPath, files, options, signal);
  try {
    const names = model.labelNames;
    const decision = decisionOf(nameOrPath, files, names, threshold);
    const stored = new StoredModel(files);
    if (threshold !== undefined) stored.decide(async () => givenDecision(decision, names), null);
    return { model, stored, decision, info: fixedInfo(nameOrPath, files, model) };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

async function loadTextModel(
  nameOrPath: string,
  files: ModelFiles,
  options: ClassifierOptions,
  signal: AbortSignal | undefined,
): Promise<TextModel> {
  if (isBagOfWords(files.config)) return await loadBagOfWords(nameOrPath, files, options);
  const { usualLength, ...resolved } = withTrainedReading(files, options);
  requireWindowEffect(options, resolved);
  const loaded = await loadModel(files, options.labels ?? null, resolved, 0, { signal, usualLength });
  const model = new TransformerModel(loaded, resolved);
  try {
    requireHead(nameOrPath, files, loaded);
    return model;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
