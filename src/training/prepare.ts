// From a dataset and a model to everything that the epoch loop needs.
import { dirname } from "node:path";
import { checkShape, type Dataset } from "../data/dataset.js";
import { type Split, stratifiedSplit } from "../data/split.js";
import { readSplit } from "../data/split-file.js";
import { checkDevice } from "../device.js";
import { TagformerError } from "../errors.js";
import {
  type ModelConfig,
  readModelConfig,
  readModelDirectory,
  weightsForLabels,
} from "../model/directory.js";
import { resolveModel } from "../model/hub/resolve.js";
import { NativeModel, type TensorSource } from "../native.js";
import type { ResolvedTrainingOptions } from "../options.js";
import type { LabelledBatch } from "../text/batch.js";
import { selectLabelledRows } from "../text/plan.js";
import { Tokenizer } from "../text/tokenizer.js";
import type { LengthLimit } from "../text/windows.js";

/** Where a run's model comes from. */
export type ModelSource =
  | {
      /** A model directory, or a name on the hub such as `google-bert/bert-base-uncased`: weights, config and tokenizer. */
      readonly model: string;
    }
  | {
      /** The path of a config.json, for a fresh random model. */
      readonly config: string;
      /** A directory with the tokenizer's files; by default the config's own. */
      readonly tokenizer?: string | undefined;
    };

/** The data of a run. */
export interface RunData {
  /** Rows to train on. */
  readonly train: Dataset;
  /** Rows to validate on; without them, `validationSplit` of the training rows is held back. */
  readonly validation?: Dataset | undefined;
}

/** Tokenized rows, and where each came from. */
interface Rows {
  readonly tokens: LabelledBatch;
  readonly dataset: Dataset;
  /** The dataset's row of each row of `tokens`. */
  readonly origin: Int32Array;
}

export interface PreparedRun {
  readonly model: NativeModel;
  readonly tokenizer: Tokenizer;
  readonly modelConfig: ModelConfig;
  /** Name of the model on the hub that the run started from; `null` for a directory or a fresh model. */
  readonly baseModel: string | null;
  readonly training: Rows;
  readonly validation: Rows | undefined;
  /** How the training data was split; absent when the validation rows are a table of their own, or there are none. */
  readonly split?: Split;
  readonly maxLength: number;
  readonly truncatedTexts: number;
  readonly headReset: boolean;
}

/** Loads the model, tokenizes all texts and splits them. The caller disposes of model and tokenizer. `signal` ends all of it. */
export async function prepareRun(
  source: ModelSource,
  data: RunData,
  options: ResolvedTrainingOptions,
  signal: AbortSignal | undefined,
): Promise<PreparedRun> {
  checkDevice(options.device);
  checkShape(data.train);
  checkValidation(data);
  if (data.validation && options.splitFile !== undefined) {
    throw new TagformerError("INVALID_OPTION", "give either rows to validate on or a splitFile, not both");
  }
  const { modelConfig, baseModel, tensors, headReset, tokenizerPath } = await readSource(
    source,
    data.train.labelNames,
    signal,
  );
  const tokenizer = await Tokenizer.load(tokenizerPath, modelConfig.modelType, signal);
  let model: NativeModel | undefined;
  try {
    model = await NativeModel.load(
      {
        config: modelConfig.config,
        labels: data.train.labelNames.length,
        tensors,
        seed: options.seed,
        precision: options.precision,
        threads: options.threads,
      },
      { signal },
    );
    tokenizer.checkFits(model.info.vocabularySize);
    const maxLength = Math.min(
      options.maxLength,
      model.info.maxLength,
      tokenizer.modelMaxLength ?? Number.POSITIVE_INFINITY,
    );
    const limit = { maxLength, windowStride: options.windowStride };
    const train = await tokenize(data.train, tokenizer, limit, signal);
    const validation = data.validation && (await tokenize(data.validation, tokenizer, limit, signal));
    return {
      model,
      tokenizer,
      modelConfig,
      baseModel,
      maxLength,
      headReset,
      truncatedTexts: train.truncated + (validation?.truncated ?? 0),
      ...(validation
        ? { training: train.rows, validation: validation.rows }
        : split(train.rows, await chooseRows(data.train, options))),
    };
  } catch (error) {
    await Promise.all([tokenizer.dispose(), model?.dispose()]);
    throw error;
  }
}

interface ReadSource {
  readonly modelConfig: ModelConfig;
  readonly baseModel: string | null;
  readonly tensors: readonly TensorSource[];
  readonly headReset: boolean;
  readonly tokenizerPath: string;
}

async function readSource(
  source: ModelSource,
  labelNames: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadSource> {
  if ("model" in source) {
    const path = await resolveModel(source.model, { signal });
    const directory = await readModelDirectory(path);
    return {
      modelConfig: directory,
      baseModel: path === source.model ? null : source.model.replace(/@.*/, ""),
      ...weightsForLabels(directory, labelNames),
      tokenizerPath: path,
    };
  }
  const modelConfig = await readModelConfig(source.config);
  return {
    modelConfig,
    baseModel: null,
    tensors: [],
    headReset: false,
    tokenizerPath: source.tokenizer ?? dirname(source.config),
  };
}

function checkValidation({ train, validation }: RunData): void {
  if (!validation) return;
  checkShape(validation);
  if (validation.labelNames.join("\n") === train.labelNames.join("\n")) return;
  throw new TagformerError(
    "INVALID_DATA",
    `${validation.source} has the labels ${validation.labelNames.join(", ")}; expected those of ${train.source}: ${train.labelNames.join(", ")}`,
  );
}

async function tokenize(
  dataset: Dataset,
  tokenizer: Tokenizer,
  limit: LengthLimit,
  signal: AbortSignal | undefined,
): Promise<{ rows: Rows; truncated: number }> {
  const { truncated, ...tokens } = await tokenizer.encodeWindows(dataset.texts, limit, signal);
  const origin = Int32Array.from({ length: dataset.texts.length }, (_, row) => row);
  const { labels, weights } = dataset;
  return { rows: { tokens: { ...tokens, labels, ...(weights && { weights }) }, dataset, origin }, truncated };
}

/** The rows to train on and to validate on; `undefined` for no validation. */
async function chooseRows(dataset: Dataset, options: ResolvedTrainingOptions): Promise<Split | undefined> {
  const {
    splitFile,
    fold,
    validationSplit: fraction,
    seed,
    splitMethod: method,
    splitByText: byText,
  } = options;
  if (fold !== undefined && splitFile === undefined) {
    throw new TagformerError(
      "INVALID_OPTION",
      `option fold is ${fold}, but there is no splitFile whose fold that is`,
    );
  }
  if (splitFile !== undefined) return await readSplit(splitFile, dataset, fold);
  return fraction === 0 ? undefined : stratifiedSplit(dataset, { fraction, seed, method, byText });
}

type SplitRows = Pick<PreparedRun, "training" | "validation" | "split">;

function split(rows: Rows, chosen: Split | undefined): SplitRows {
  if (chosen === undefined) return { training: rows, validation: undefined };
  const part = (origin: Int32Array): Rows => ({
    tokens: selectLabelledRows(rows.tokens, origin),
    dataset: rows.dataset,
    origin,
  });
  return { training: part(chosen.train), validation: part(chosen.validation), split: chosen };
}
