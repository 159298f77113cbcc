// From a dataset and a model to everything that the epoch loop needs.
import { dirname } from "node:path";
import { invalidData, invalidModel, invalidOption, type TagformerError } from "../base/errors.js";
import { shellQuoted, typedNames } from "../base/typed.js";
import { listLabels } from "../data/column-names.js";
import type { Dataset } from "../data/dataset.js";
import { trainValidationTestSplit } from "../data/parts.js";
import { checkShape } from "../data/shape.js";
import type { Split } from "../data/split.js";
import { readSplit } from "../data/split-file.js";
import { parentsOf } from "../evaluation/hierarchy.js";
import { hasLabels, readModelConfig } from "../model/directory.js";
import { withDropout } from "../model/dropout.js";
import type { JsonObject } from "../model/json-file.js";
import type { ModelLabels } from "../model/labels.js";
import { isTorchScriptPath } from "../model/torchscript/source.js";
import { readOneVersion } from "../model/version.js";
import { checkDevice } from "../native/device.js";
import type { NativeModel } from "../native/model.js";
import { usualLengths } from "../options/evaluation.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { loadModel, type ModelFiles, prepareLoading, readModelFiles } from "../predict/loaded-model.js";
import type { LabelledBatch } from "../text/batch.js";
import { selectLabelledRows } from "../text/plan.js";
import { countCutTexts, type TokenCounts } from "../text/token-counts.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { LengthLimit } from "../text/windows.js";
import type { Choice } from "./auto/choice.js";
import { decidePrecision, decideReading, mostTokens } from "./auto/reading.js";
import { digestOfModel } from "./model-digest.js";
import { findTexts, type RunTexts } from "./texts.js";

/** Where a run's model comes from. */
export type ModelSource =
  | {
      /**
       * A model directory, a name on the hub such as `google-bert/bert-base-uncased`, or a TorchScript file (`.pt`, with
       * the options `tokenizer` and `trust`).
       */
      readonly model: string;
      /** Not together with `model`. */
      readonly config?: undefined;
    }
  | {
      /** The path of a config.json, for a fresh random model; its tokenizer is beside it, or where `tokenizer` says. */
      readonly config: string;
      /** Not together with `config`. */
      readonly model?: undefined;
    };

/**
 * The source that was given, of the two that there are.
 *
 * @param expected the error's message when none was given, or both
 * @throws TagformerError `INVALID_OPTION`
 */
export function modelSource(
  { model, config }: { readonly model: string | undefined; readonly config: string | undefined },
  expected: string,
): ModelSource {
  if (model !== undefined && config === undefined) return { model };
  if (config !== undefined && model === undefined) return { config };
  throw invalidOption(expected);
}

/** The data of a run. */
export interface RunData<Label extends string = string> {
  /** Rows to train on. */
  readonly train: Dataset<Label>;
  /** Rows by which the kept epoch is chosen; without them, `validationSplit` of the training rows is held back. */
  readonly validation?: Dataset<Label> | undefined;
  /** Rows that judge the finished model once; without them, those that `testSplit` or `splitFile` hold back, if any. */
  readonly test?: Dataset<Label> | undefined;
}

/** Tokenized rows, and where each came from. */
export interface Rows {
  readonly tokens: LabelledBatch;
  readonly dataset: Dataset;
  /** The dataset's row of each row of `tokens`. */
  readonly origin: Int32Array;
}

export interface PreparedRun {
  readonly model: NativeModel;
  readonly tokenizer: Tokenizer;
  /** config.json of the model. */
  readonly config: JsonObject;
  /** Tells its weights, or its module, from others. */
  readonly modelDigest: string;
  /** Name of the model on the hub that the run started from; `null` for files or a fresh model. */
  readonly baseModel: string | null;
  readonly training: Rows;
  /** Rows by which the kept epoch is chosen. */
  readonly validation: Rows | undefined;
  /** Rows that judge the kept model. */
  readonly test: Rows | undefined;
  /** How the training data was split; absent when no row of it is held back. */
  readonly split?: Split;
  /** Which texts are where. */
  readonly texts: RunTexts;
  readonly maxLength: number;
  readonly truncatedTexts: number;
  readonly cutTexts: number;
  /** `true` when the model has a classification head for other labels, which a fresh one replaces. */
  readonly headReset: boolean;
  /** `true` when the layer whose rows are the labels begins at random. */
  readonly headIsFresh: boolean;
  /** `true` when all weights begin at random. */
  readonly weightsAreFresh: boolean;
  /** The options that were asked for, with what was decided for the user. */
  readonly options: ResolvedTrainingOptions;
  readonly choices: readonly Choice[];
}

/**
 * Loads the model, tokenizes all texts and splits them. The caller disposes of model and tokenizer. `signal` ends all of it.
 *
 * @param open names of the options that may be decided here
 */
export async function prepareRun(
  source: ModelSource,
  data: RunData,
  asked: ResolvedTrainingOptions,
  open: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<PreparedRun> {
  await checkDevice(asked.device);
  checkShape(data.train);
  for (const table of [data.validation, data.test]) if (table) checkTable(table, data.train);
  if (data.validation && asked.splitFile !== undefined) {
    throw invalidOption("give either rows to validate on or a splitFile, not both");
  }
  if (asked.hierarchy !== undefined) parentsOf(asked.hierarchy, data.train.labelNames);
  if (!data.validation && asked.splitFile === undefined && asked.validationSplit === 0)
    requireNoPatience(asked);
  const precision = open.has("precision") && !isModule(source) ? await decidePrecision(asked.device) : null;
  const wanted = { ...asked, ...(precision && { precision: "bf16" as const }) };
  prepareLoading();
  const { labelNames } = data.train;
  // Another process may save a model there meanwhile.
  const { files, loaded, digest } = await readOneVersion(
    source.model ?? dirname(source.config),
    () => load(source, labelNames, wanted, open, signal),
    ({ loaded: { model, tokenizer } }) => disposeOf(model, tokenizer),
    { signal },
  );
  const { model, config, tokenizer } = loaded;
  try {
    const most = { ...wanted, maxLength: loaded.maxLength };
    const first = await tokenize(data.train, tokenizer, most, signal);
    const { reading: limit, choices } = decideReading(first.counts, most.maxLength, wanted, open);
    const isAsRead = limit.maxLength === most.maxLength && limit.windowStride === most.windowStride;
    const train = isAsRead ? first : await tokenize(data.train, tokenizer, limit, signal);
    const options = { ...wanted, ...limit };
    const validation = data.validation && (await tokenize(data.validation, tokenizer, limit, signal));
    const test = data.test && (await tokenize(data.test, tokenizer, limit, signal));
    const held = split(train.rows, await chooseRows(data, options));
    if (test && held.test) throw twoTests(options);
    const parts = {
      ...held,
      ...(validation && { validation: validation.rows }),
      ...(test && { test: test.rows }),
    };
    if (!parts.validation) requireNoPatience(options);
    return {
      model,
      tokenizer,
      config,
      modelDigest: digest,
      baseModel: files.baseModel ?? null,
      maxLength: limit.maxLength,
      options,
      choices: [...(precision ? [precision] : []), ...choices],
      headReset: files.freshHead === true && model.info.hasHead,
      weightsAreFresh: files.tensors.length === 0 && files.script === null,
      headIsFresh: files.freshHead === true || !model.info.hasHead,
      truncatedTexts: train.longer + (validation?.longer ?? 0) + (test?.longer ?? 0),
      cutTexts: train.cut + (validation?.cut ?? 0) + (test?.cut ?? 0),
      ...parts,
      texts: await findTexts(parts),
    };
  } catch (error) {
    await disposeOf(model, tokenizer);
    throw error;
  }
}

/** Without validation rows no epoch is better than another. */
function requireNoPatience({ patience }: ResolvedTrainingOptions): void {
  if (patience === 0) return;
  throw invalidOption(
    `option patience is ${patience}, but there are no validation rows that could tell a better epoch: give some (--validation FILE, or --validation-split above 0), or leave --patience out`,
  );
}

async function load(
  source: ModelSource,
  labelNames: readonly string[],
  options: ResolvedTrainingOptions,
  open: ReadonlySet<string>,
  signal: AbortSignal | undefined,
) {
  const read = await readSource(source, labelNames, options.tokenizer, signal);
  const files = { ...read, config: withDropout(read.config, options, read.script !== null) };
  const digesting = digestOfModel(files);
  digesting.catch(() => {}); // where the model cannot be loaded that error is told
  const loaded = await loadModel(files, labelNames, options, options.seed, {
    signal,
    training: true,
    tokenTypes: options.tokenTypes,
    usualLength: open.has("maxLength") ? mostTokens : usualLengths[options.preset],
  });
  try {
    return { files, loaded, digest: await digesting };
  } catch (error) {
    await disposeOf(loaded.model, loaded.tokenizer);
    throw error;
  }
}

function isModule({ model }: ModelSource): boolean {
  return model !== undefined && isTorchScriptPath(model);
}

async function disposeOf(model: NativeModel, tokenizer: Tokenizer): Promise<void> {
  await Promise.all([tokenizer.dispose(), model.dispose()]);
}

async function readSource(
  source: ModelSource,
  labelNames: readonly string[],
  tokenizer: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ModelFiles> {
  if (source.model === undefined) {
    const modelConfig = await readModelConfig(source.config);
    return {
      ...modelConfig,
      tensors: [],
      script: null,
      tokenizerPath: tokenizer ?? dirname(source.config),
      tokenizerType: modelConfig.modelType,
    };
  }
  const files = await readModelFiles(source.model, tokenizer, { signal });
  if (files.script === null) return { ...files, freshHead: !hasLabels(files, labelNames) };
  // What a file by itself gives scores for is known to its user alone.
  if (!isTorchScriptPath(source.model)) checkLabelOrder(source.model, files.labels, labelNames);
  return files;
}

/** A module's head cannot be replaced: labels that it names must be the data's. */
function checkLabelOrder(model: string, { named, names }: ModelLabels, labelNames: readonly string[]): void {
  if (!named || names.join("\n") === labelNames.join("\n")) return;
  throw invalidModel(
    `${model} gives scores for the labels ${listLabels(names)}, but the data has ${listLabels(labelNames)}; a TorchScript module cannot be given another head: choose the columns, in that order, with \`labels\` (--labels ${shellQuoted(typedNames(names))})`,
  );
}

/** Checks a table beside the training rows. */
export function checkTable(table: Dataset, train: Dataset): void {
  checkShape(table);
  if (table.labelNames.join("\n") === train.labelNames.join("\n")) return;
  throw invalidData(
    `${table.source} has the labels ${listLabels(table.labelNames)}; expected those of ${train.source}: ${listLabels(train.labelNames)}`,
  );
}

function twoTests({ splitFile }: ResolvedTrainingOptions): TagformerError {
  return invalidOption(
    `give either test rows (--test) or a splitFile that has some: ${splitFile} holds rows back for the test`,
  );
}

async function tokenize(
  dataset: Dataset,
  tokenizer: Tokenizer,
  limit: LengthLimit,
  signal: AbortSignal | undefined,
): Promise<{ rows: Rows; counts: TokenCounts; longer: number; cut: number }> {
  const { counts, ...tokens } = await tokenizer.encodeWindows(dataset.texts, limit, signal);
  const origin = Int32Array.from({ length: dataset.texts.length }, (_, row) => row);
  const { labels, weights } = dataset;
  const longer = counts.read.filter((read, text) => read + counts.cut[text]! > limit.maxLength).length;
  return {
    rows: { tokens: { ...tokens, labels, ...(weights && { weights }) }, dataset, origin },
    counts,
    longer,
    cut: countCutTexts(counts),
  };
}

/** The parts of the training rows; `undefined` when nothing is held back. */
export async function chooseRows(
  { train, validation }: Pick<RunData, "train" | "validation">,
  options: Pick<
    ResolvedTrainingOptions,
    "splitFile" | "fold" | "validationSplit" | "testSplit" | "seed" | "splitMethod" | "splitByText"
  >,
): Promise<Split | undefined> {
  const { splitFile, fold, testSplit, seed, splitMethod: method, splitByText: byText } = options;
  if (fold !== undefined && splitFile === undefined) {
    throw invalidOption(`option fold is ${fold}, but there is no splitFile whose fold that is`);
  }
  if (splitFile !== undefined) {
    return await readSplit(splitFile, train, fold);
  }
  const validationSplit = validation ? 0 : options.validationSplit;
  if (validationSplit === 0 && testSplit === 0) return undefined;
  return trainValidationTestSplit(train, {
    validation: validationSplit,
    test: testSplit,
    seed,
    method,
    byText,
  });
}

type SplitRows = Pick<PreparedRun, "training" | "validation" | "test" | "split">;

function split(rows: Rows, chosen: Split | undefined): SplitRows {
  if (chosen === undefined) return { training: rows, validation: undefined, test: undefined };
  if (chosen.train.length === 0) {
    throw invalidData(`${rows.dataset.source}: the split leaves no row to train on`);
  }
  const part = (origin: Int32Array | undefined): Rows | undefined =>
    origin && origin.length > 0
      ? { tokens: selectLabelledRows(rows.tokens, origin), dataset: rows.dataset, origin }
      : undefined;
  return {
    training: part(chosen.train)!,
    validation: part(chosen.validation),
    test: part(chosen.test),
    split: chosen,
  };
}
