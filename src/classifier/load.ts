// From a directory, a name on the hub or a TorchScript file to all that a classifier is made of.

import { parseOptions } from "../base/parse-options.js";
import type { Decision } from "../evaluation/tuning.js";
import { readOneVersion } from "../model/version.js";
import { checkDevice } from "../native/device.js";
import type { CallOptions } from "../native/types.js";
import { callOptions } from "../options/calls.js";
import { requireWindowEffect } from "../options/effect.js";
import { type ClassifierOptions, classifierOptions } from "../options/model.js";
import { type LoadedModel, loadModel, prepareLoading, readModelFiles } from "../predict/loaded-model.js";
import type { WindowOptions } from "../predict/predictor.js";
import { givenDecision } from "../report/decision-record.js";
import { type FixedInfo, fixedInfo } from "./info.js";
import { decisionOf, requireClassifier, requireHead, withTrainedReading } from "./loading-rules.js";
import { StoredModel } from "./stored-model.js";

/** What a classifier is made of. */
export interface ClassifierParts {
  readonly loaded: LoadedModel;
  readonly stored: StoredModel;
  readonly windows: WindowOptions;
  readonly decision: Decision;
  readonly info: FixedInfo;
}

const loadCall = classifierOptions.extend(callOptions.shape);

/** Loads a model for a classifier; see `Classifier.load`. */
export async function loadParts(
  nameOrPath: string,
  given: ClassifierOptions & CallOptions,
): Promise<ClassifierParts> {
  const { device } = parseOptions(loadCall, given);
  prepareLoading();
  await checkDevice(device);
  // Another process may save a model there meanwhile.
  return await readOneVersion(nameOrPath, () => loadVersion(nameOrPath, given), disposeParts, given);
}

async function loadVersion(
  nameOrPath: string,
  { signal, ...options }: ClassifierOptions & CallOptions,
): Promise<ClassifierParts> {
  const { tokenizer, threshold, labels } = options;
  const files = await readModelFiles(nameOrPath, tokenizer, { signal });
  requireClassifier(nameOrPath, files, options);
  const { usualLength, ...windows } = withTrainedReading(files, options);
  requireWindowEffect(options, windows);
  const loaded = await loadModel(files, labels ?? null, windows, 0, { signal, usualLength });
  try {
    requireHead(nameOrPath, files, loaded);
    const decision = decisionOf(nameOrPath, files, loaded.labelNames, threshold);
    const stored = new StoredModel(files);
    if (threshold !== undefined) stored.decide(async () => givenDecision(decision, loaded.labelNames), null);
    return { loaded, stored, windows, decision, info: fixedInfo(nameOrPath, files, loaded, windows) };
  } catch (error) {
    await disposeParts({ loaded });
    throw error;
  }
}

async function disposeParts({ loaded }: Pick<ClassifierParts, "loaded">): Promise<void> {
  await Promise.all([loaded.tokenizer.dispose(), loaded.model.dispose()]);
}
