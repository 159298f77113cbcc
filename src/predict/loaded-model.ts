// From the files of a model to one that computes, and its tokenizer.
import { stat } from "node:fs/promises";
import type { CallOptions } from "../base/cancel.js";
import { invalidOption } from "../base/errors.js";
import { type ModelConfig, type ModelWeights, readModelDirectory } from "../model/directory.js";
import { resolveModel } from "../model/hub/resolve.js";
import type { JsonObject } from "../model/json-file.js";
import { placeholderLabels } from "../model/labels.js";
import { isTorchScriptPath, readTorchScriptSource } from "../model/torchscript/source.js";
import { vetTorchScript } from "../model/torchscript/vet.js";
import { prepareNative } from "../native/addon.js";
import { experiments } from "../native/device.js";
import { NativeModel } from "../native/model.js";
import { usualLengths } from "../options/evaluation.js";
import type { ResolvedModelOptions } from "../options/model.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { Tokenizer } from "../text/tokenizer.js";
import { prepareTokenizer } from "../text/tokenizer-client.js";

/** A model that was read, but not loaded. */
export interface ModelFiles extends ModelConfig, ModelWeights {
  readonly tokenizerPath: string;
  /** `model_type` of the model that the tokenizer was made for. */
  readonly tokenizerType: string;
  /** The model's directory; absent for a TorchScript file and a fresh model. */
  readonly directory?: string;
  /** The model's name on the hub, where it came from there. */
  readonly baseModel?: string | null;
  /** Tells the directory's weights from others that are there later. */
  readonly weightsVersion?: string | null;
  /** The model's head is for other labels than the data's: a fresh one replaces it. */
  readonly freshHead?: boolean;
  /** tagformer.json, when tagformer wrote the model. */
  readonly tagformer?: JsonObject | null;
}

/** A model that computes. */
export interface LoadedModel {
  readonly model: NativeModel;
  readonly tokenizer: Tokenizer;
  /** config.json of the model. */
  readonly config: JsonObject;
  /** Names of the scores. */
  readonly labelNames: readonly string[];
  /** Longest row in tokens that option, model and tokenizer allow. */
  readonly maxLength: number;
}

/** How a model is loaded. */
interface LoadingCall extends CallOptions {
  /** Whether it will be trained; by default it only predicts. */
  readonly training?: boolean;
  /** Token types that the model is given; by default those of its tokenizer. */
  readonly tokenTypes?: ResolvedTrainingOptions["tokenTypes"];
  /** Longest row in tokens where none is asked for and nothing allows less. */
  readonly usualLength?: number | undefined;
}

/** Begins what takes time with every model, before it is known which one will be loaded. */
export function prepareLoading(): void {
  prepareNative(prepareTokenizer());
}

/**
 * Reads what is known of a model before it is loaded.
 *
 * @param nameOrPath a model directory, a name on the hub, or a TorchScript file
 * @param tokenizer directory of the tokenizer's files, where they are not beside the model
 * @throws TagformerError `INVALID_MODEL`, `INVALID_OPTION`, `IO` or `DOWNLOAD_FAILED`; or the signal's reason
 */
export async function readModelFiles(
  nameOrPath: string,
  tokenizer: string | undefined,
  { signal }: CallOptions,
): Promise<ModelFiles> {
  if (isTorchScriptPath(nameOrPath) && !(await isDirectory(nameOrPath))) {
    const source = await readTorchScriptSource(nameOrPath, tokenizer);
    return { ...source, tensors: [], script: nameOrPath, tokenizerPath: tokenizer! };
  }
  const path = await resolveModel(nameOrPath, { signal });
  const directory = await readModelDirectory(path);
  return {
    ...directory,
    directory: path,
    baseModel: path === nameOrPath ? null : nameOrPath.replace(/@.*/, ""),
    tokenizerPath: tokenizer ?? path,
    tokenizerType: directory.modelType,
  };
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/**
 * Loads a model and its tokenizer, and checks that they fit together. The caller disposes of both.
 *
 * @param labelNames names of the scores; `null` for the model's own
 * @param seed of tensors that have to be initialised
 * @throws TagformerError `INVALID_MODEL`, `INVALID_OPTION`, `IO`, `NATIVE_NOT_BUILT`; or the signal's reason
 */
export async function loadModel(
  files: ModelFiles,
  labelNames: readonly string[] | null,
  options: ResolvedModelOptions,
  seed: number,
  { signal, training, tokenTypes, usualLength = usualLengths.plain }: LoadingCall,
): Promise<LoadedModel> {
  const reading = Tokenizer.load(files.tokenizerPath, files.tokenizerType, signal, tokenTypes);
  // A module is padded as its tokenizer says; other models load while their tokenizer does.
  const building = files.script
    ? reading.then((tokenizer) => buildModule(files, files.script!, tokenizer, labelNames, options, signal))
    : buildArchitecture(files, labelNames, options, seed, training ?? false, signal);
  const [read, built] = await Promise.allSettled([reading, building]);
  try {
    if (read.status === "rejected") throw read.reason;
    if (built.status === "rejected") throw built.reason;
    const tokenizer = read.value;
    const { model } = built.value;
    tokenizer.checkFits(model.info.vocabularySize);
    const maxLength = longestRow(options.maxLength, usualLength, model.info.maxLength, tokenizer);
    return { ...built.value, tokenizer, maxLength };
  } catch (error) {
    if (read.status === "fulfilled") await read.value.dispose();
    if (built.status === "fulfilled") await built.value.model.dispose();
    throw error;
  }
}

/**
 * The longest row in tokens. What is asked for wins over the tokenizer's own limit, as in transformers; beyond the model's
 * positions nothing can be read.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
function longestRow(
  asked: number | undefined,
  usual: number,
  positions: number,
  { modelMaxLength }: Tokenizer,
): number {
  if (asked === undefined) return Math.min(usual, positions, modelMaxLength ?? Number.POSITIVE_INFINITY);
  if (asked <= positions) return asked;
  throw invalidOption(
    `option maxLength is ${asked}, but the model has positions for ${positions} tokens; give at most ${positions}, and windowStride (--window-stride) to read longer texts in windows`,
  );
}

type BuiltModel = Pick<LoadedModel, "model" | "config" | "labelNames">;

async function buildArchitecture(
  { config, tensors, labels, freshHead = false }: ModelFiles,
  labelNames: readonly string[] | null,
  { precision, threads, device }: ResolvedModelOptions,
  seed: number,
  training: boolean,
  signal: AbortSignal | undefined,
): Promise<BuiltModel> {
  const names = labelNames ?? labels.names;
  const computing = { precision, threads, device, experiments: experiments() };
  const spec = { config, labels: names.length, tensors, freshHead, seed, training, ...computing };
  return { model: await NativeModel.load(spec, { signal }), config, labelNames: names };
}

async function buildModule(
  files: ModelFiles,
  script: string,
  tokenizer: Tokenizer,
  labelNames: readonly string[] | null,
  { precision, threads, device, trust }: ResolvedModelOptions,
  signal: AbortSignal | undefined,
): Promise<BuiltModel> {
  const config = withPadding(files.config, tokenizer);
  let names = labelNames ?? files.labels.names;
  const { outputs } = await vetTorchScript(script, config, trust, signal);
  if (labelNames === null && names.length !== outputs && !files.labels.named)
    names = placeholderLabels(outputs);
  const computing = { precision, threads, device, experiments: experiments() };
  const spec = { config, labels: names.length, tensors: [], script, seed: 0, ...computing };
  return { model: await NativeModel.load(spec, { signal }), config, labelNames: names };
}

/** A module needs rows of equal length; how they are made is the tokenizer's to say. */
function withPadding(config: JsonObject, tokenizer: Tokenizer): JsonObject {
  const { id, side } = tokenizer.padding;
  return { ...(id !== null && { pad_token_id: id }), padding_side: side, ...config };
}
