import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invalidModel, TagformerError } from "../base/errors.js";
import type { TensorSource } from "../native/types.js";
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

/**
 * Reads a config.json by itself, to build a fresh model.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file and the field
 */
export async function readModelConfig(file: string): Promise<ModelConfig> {
  const config = await readConfigFile(file);
  if (typeof config.model_type !== "string") {
    const found = JSON.stringify(config.model_type) ?? "missing";
    throw invalidModel(`${file}: model_type is ${found}; expected a name such as "bert"`);
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

/**
 * Whether the head of a model is for these labels: the same in the same order. Placeholder labels (`LABEL_0`, ...) are never
 * the same: what they stand for is not known.
 */
export function hasLabels({ labels }: ModelConfig, labelNames: readonly string[]): boolean {
  const { names, named } = labels;
  return named && names.length === labelNames.length && names.every((name, i) => name === labelNames[i]);
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
  if (found) throw invalidModel(`${path} is a file; expected a model directory`);
  const replaced = replacedPath(path);
  if (await stat(replaced).catch(() => null)) {
    const fix = `its former content is ${replaced}; rename that to ${path}`;
    throw new TagformerError("IO", `${path} is missing because saving it was interrupted; ${fix}`);
  }
  throw new TagformerError("IO", `the model directory ${path} does not exist`);
}

/**
 * What tagformer wrote of a model beside it; `null` where it did not write it.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`
 */
export async function readTagformerFile(file: string): Promise<JsonObject | null> {
  const content = await readJsonObjectIfPresent(file, maxJsonBytes);
  if (content === null || content.formatVersion === tagformerFormat) return content;
  const found = JSON.stringify(content.formatVersion) ?? "missing";
  throw invalidModel(
    `${file}: formatVersion is ${found}, but this version of tagformer reads ${tagformerFormat}; update tagformer`,
  );
}
