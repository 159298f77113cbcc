import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TagformerError } from "../errors.js";
import type { TensorSource } from "../native/types.js";
import { findArchitecture } from "./architectures.js";
import {
  configFile,
  replacedPath,
  scriptFile,
  tagformerFile,
  tagformerFormat,
  torchScriptType,
} from "./file-names.js";
import { type JsonObject, parseJsonObject, readJsonObjectIfPresent, readTextIfPresent } from "./json-file.js";
import { type ModelLabels, readLabels } from "./labels.js";
import { rememberFloats } from "./number-format.js";
import { describeDirectory } from "./other-directories.js";
import { unwrapTensors } from "./tensor-names.js";
import { weightsVersion } from "./version.js";
import { readWeights } from "./weights.js";

const maxJsonBytes = 10e6;

/** A config.json: everything about a model but its weights. */
export interface ModelConfig {
  /** config.json as parsed. Only the fields about labels were checked; the engine checks the rest. */
  readonly config: JsonObject;
  /** `model_type` of config.json, such as `bert`. */
  readonly modelType: string;
  readonly labels: ModelLabels;
}

/** A local Hugging Face model directory. */
export interface ModelDirectory extends ModelConfig, ModelWeights {
  readonly path: string;
  /** Tells these weights from others that are in the same place later. */
  readonly weightsVersion: string | null;
  /** tagformer.json as parsed, when tagformer wrote this directory. */
  readonly tagformer: JsonObject | null;
}

/** Where the weights of a model are. */
export interface ModelWeights {
  /** Where the weights lie; the file formats were checked, names and shapes are the engine's to check. */
  readonly tensors: readonly TensorSource[];
  /** The TorchScript file that is the model, instead of `tensors`; `null` for a native architecture. */
  readonly script: string | null;
}

/** The weights to load for a set of labels. */
export interface WeightsForLabels {
  readonly tensors: readonly TensorSource[];
  /** `true` when the directory has a classification head for other labels, which was left out. */
  readonly headReset: boolean;
}

/**
 * Reads a config.json by itself, to build a fresh model.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file and the field
 */
export async function readModelConfig(file: string): Promise<ModelConfig> {
  const config = await readConfigFile(file);
  if (typeof config.model_type !== "string") {
    const found = JSON.stringify(config.model_type) ?? "missing";
    throw new TagformerError(
      "INVALID_MODEL",
      `${file}: model_type is ${found}; expected a name such as "bert"`,
    );
  }
  return { config, modelType: config.model_type, labels: readLabels(config, file) };
}

/**
 * Reads a local Hugging Face model directory, but for its tokenizer and the weights' bytes.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file and the field
 */
export async function readModelDirectory(path: string): Promise<ModelDirectory> {
  await checkDirectory(path);
  const model = await readModelConfig(join(path, configFile));
  const tagformer = await readTagformerFile(join(path, tagformerFile));
  const version = await weightsVersion(path);
  if (model.modelType === torchScriptType) {
    const script = join(path, scriptFile);
    return { ...model, path, script, tensors: [], tagformer, weightsVersion: version };
  }
  const tensors = unwrapTensors(await readWeights(path), model.modelType, path);
  return { ...model, path, script: null, tensors, tagformer, weightsVersion: version };
}

/** Whether the weights hold a classification head, and not only a pretrained network. */
export function hasHead({ modelType, tensors }: ModelConfig & ModelWeights): boolean {
  // Of an unknown model type nothing can be said; that it is unknown is the engine's error.
  return findArchitecture(modelType) === null || tensors.some(({ name }) => isOutput(modelType, name));
}

/**
 * The weights for a model of `labelNames`: all of them when the directory's labels are the same in the same order,
 * otherwise without the layer whose rows are the labels, so that the engine makes a fresh one. Placeholder labels
 * (`LABEL_0`, ...) are never the same: nobody knows what they stand for.
 */
export function weightsForLabels(
  model: ModelConfig & ModelWeights,
  labelNames: readonly string[],
): WeightsForLabels {
  const { names, named } = model.labels;
  const same =
    named && names.length === labelNames.length && names.every((name, i) => name === labelNames[i]);
  if (same) return { tensors: model.tensors, headReset: false };
  const tensors = model.tensors.filter(({ name }) => !isOutput(model.modelType, name));
  return { tensors, headReset: tensors.length < model.tensors.length };
}

/** Whether a tensor belongs to the layer whose rows are the labels. */
function isOutput(modelType: string, tensor: string): boolean {
  const layer = findArchitecture(modelType)?.outputLayer;
  return tensor === `${layer}.weight` || tensor === `${layer}.bias`;
}

/** A config.json that is written again with the numbers that it has. */
async function readConfigFile(file: string): Promise<JsonObject> {
  const text = await readTextIfPresent(file, maxJsonBytes);
  if (text === null) {
    const found = await describeDirectory(dirname(file));
    throw new TagformerError("IO", `${file} does not exist${found && `: ${found}`}`);
  }
  return rememberFloats(parseJsonObject(text, file), text);
}

async function checkDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return;
  if (found) throw new TagformerError("INVALID_MODEL", `${path} is a file; expected a model directory`);
  const replaced = replacedPath(path);
  if (await stat(replaced).catch(() => null)) {
    const fix = `its former content is ${replaced}; rename that to ${path}`;
    throw new TagformerError("IO", `${path} is missing because saving it was interrupted; ${fix}`);
  }
  throw new TagformerError("IO", `the model directory ${path} does not exist`);
}

async function readTagformerFile(file: string): Promise<JsonObject | null> {
  const content = await readJsonObjectIfPresent(file, maxJsonBytes);
  if (content === null || content.formatVersion === tagformerFormat) return content;
  const found = JSON.stringify(content.formatVersion) ?? "missing";
  throw new TagformerError(
    "INVALID_MODEL",
    `${file}: formatVersion is ${found}, but this version of tagformer reads ${tagformerFormat}; update tagformer`,
  );
}
