// Writes a model directory so that a crash at any moment leaves the old or the new one, whole.
import { randomUUID } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { messageOf, TagformerError } from "../errors.js";
import type { CallOptions } from "../native/types.js";
import { findArchitecture } from "./architectures.js";
import {
  cardFile,
  cardMark,
  configFile,
  maxTagformerBytes,
  reportFile,
  scriptFile,
  splitFile,
  tagformerFile,
  tagformerFormat,
  testFile,
  tokenizerFiles,
  torchScriptType,
  validationFile,
  weightsFile,
} from "./file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "./json-file.js";
import { labelFields } from "./labels.js";

/** What a saved model directory is made of. */
export interface ModelToSave {
  /** The config.json that the model was built from. */
  readonly config: JsonObject;
  readonly labelNames: readonly string[];
  /** Content of tagformer.json but for its `formatVersion`. */
  readonly tagformer: JsonObject;
  /** Content of split.csv, where the run made a split. */
  readonly split?: string | undefined;
  /** Content of the file with the validation predictions, where there are some. */
  readonly validation?: Iterable<string> | undefined;
  /** Content of the file with the test predictions, where there are some. */
  readonly test?: Iterable<string> | undefined;
  /** Content of the model card. */
  readonly card?: string | undefined;
  /** Writes the tokenizer's files into a directory. */
  writeTokenizer(directory: string): Promise<void>;
  /** Writes the weights to a safetensors file, or a TorchScript module. */
  writeWeights(file: string): Promise<void>;
}

const savedFiles: ReadonlySet<string> = new Set([
  configFile,
  weightsFile,
  scriptFile,
  splitFile,
  tagformerFile,
  validationFile,
  testFile,
  reportFile,
  ...tokenizerFiles,
]);

/**
 * Writes a Hugging Face model directory: beside its place, flushed, then renamed. A model directory that tagformer
 * wrote earlier is replaced, and other files that lie in it are kept.
 *
 * @throws TagformerError `IO` when it cannot be written, and as {@link checkSaveTarget}; or the reason of the signal, which
 * `writeWeights` obeys. What was there then still is
 */
export async function saveModelDirectory(
  directory: string,
  model: ModelToSave,
  { signal }: CallOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  try {
    const target = await realpath(directory).catch(() => resolve(directory));
    await mkdir(dirname(target), { recursive: true });
    await finishInterruptedSave(target);
    await checkFreeOrOurs(target);
    await writeBeside(target, model);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TagformerError) throw error;
    throw new TagformerError("IO", `cannot save the model to ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * Checks that a model may be saved to `directory`: nothing is there, an empty directory, or a model that tagformer
 * wrote, in a place where files can be made. Worth a call before a long training.
 *
 * @throws TagformerError `INVALID_OPTION` when something else is there, `IO` when nothing can be written there
 */
export async function checkSaveTarget(directory: string): Promise<void> {
  await checkFreeOrOurs(directory);
  const target = await realpath(directory).catch(() => resolve(directory));
  const parent = await nearestDirectory(dirname(target));
  try {
    await rmdir(await mkdtemp(join(parent, ".tagformer-")));
  } catch (error) {
    throw new TagformerError(
      "IO",
      `cannot save a model to ${directory}: ${messageOf(error)}; choose another output directory`,
      { cause: error },
    );
  }
}

/** The directory itself, or the first above it that is there. */
async function nearestDirectory(path: string): Promise<string> {
  const above = dirname(path);
  return above === path || (await exists(path)) ? path : nearestDirectory(above);
}

async function checkFreeOrOurs(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found === null) return;
  const files = found.isDirectory() ? await readdir(directory) : null;
  if (files?.length === 0 || files?.includes(tagformerFile)) return;
  const what = files ? "holds files that tagformer did not write" : "is a file";
  throw new TagformerError(
    "INVALID_OPTION",
    `${directory} ${what}; choose another output directory, or remove it`,
  );
}

/**
 * The tagformer.json of a model directory that tagformer wrote.
 *
 * @throws TagformerError `INVALID_OPTION` when there is none
 */
export async function requireTagformerFile(directory: string): Promise<JsonObject> {
  const content = await readJsonObjectIfPresent(join(directory, tagformerFile), maxTagformerBytes);
  if (content !== null) return content;
  throw new TagformerError(
    "INVALID_OPTION",
    `${directory} has no ${tagformerFile}: tagformer did not write this model and leaves it as it is; save a copy in a directory of its own`,
  );
}

/**
 * Changes fields of the tagformer.json of a model directory: beside it, flushed, then renamed.
 *
 * @throws TagformerError as {@link requireTagformerFile}, `IO` when the file cannot be written
 */
export async function updateTagformerFile(directory: string, changes: JsonObject): Promise<void> {
  const content = await requireTagformerFile(directory);
  const file = join(directory, tagformerFile);
  const beside = `${file}.writing-${randomUUID()}`;
  try {
    await writeJson(beside, { ...content, ...changes, formatVersion: tagformerFormat });
    await flush(beside);
    await rename(beside, file);
    await flush(directory);
  } catch (error) {
    await rm(beside, { force: true });
    throw new TagformerError("IO", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Where a model directory waits while a new one takes its place: only after a crash between two renames for long. */
export function replacedPath(directory: string): string {
  const path = resolve(directory);
  return join(dirname(path), `.${basename(path)}.replaced`);
}

/** Start of the paths of directories that a save is filling. */
function savingPrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.saving-`);
}

async function writeBeside(target: string, model: ModelToSave): Promise<void> {
  const beside = `${savingPrefix(target)}${randomUUID()}`;
  try {
    await mkdir(beside);
    const file = model.config.model_type === torchScriptType ? scriptFile : weightsFile;
    await model.writeWeights(join(beside, file));
    await model.writeTokenizer(beside);
    await writeJson(join(beside, configFile), savedConfig(model));
    await writeJson(join(beside, tagformerFile), { formatVersion: tagformerFormat, ...model.tagformer });
    if (model.split !== undefined) await writeFile(join(beside, splitFile), model.split);
    if (model.validation) await writeFile(join(beside, validationFile), model.validation);
    if (model.test) await writeFile(join(beside, testFile), model.test);
    if (model.card !== undefined) await writeFile(join(beside, cardFile), model.card);
    for (const file of await readdir(beside)) await flush(join(beside, file));
    await flush(beside);
    await swap(beside, target);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

function savedConfig({ config, labelNames }: ModelToSave): JsonObject {
  // `num_labels` is the number of `id2label`; `torch_dtype` is the former name of `dtype`.
  const { torch_dtype, num_labels, _num_labels, architectures, ...kept } = config;
  const architecture = findArchitecture(config.model_type);
  return {
    ...kept,
    architectures: architecture === null ? architectures : [architecture.classifierClass],
    problem_type: "multi_label_classification",
    ...labelFields(labelNames),
    dtype: "float32",
  };
}

async function writeJson(file: string, content: JsonObject): Promise<void> {
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function swap(beside: string, target: string): Promise<void> {
  const replaced = replacedPath(target);
  const replaces = await exists(target);
  if (replaces) await rename(target, replaced);
  try {
    await rename(beside, target);
  } catch (error) {
    if (replaces) await rename(replaced, target);
    throw error;
  }
  await flush(dirname(target));
  if (replaces) await retire(replaced, target);
}

/** Brings a killed save to its end, if there was one: back when the old model is aside, otherwise forward. */
async function finishInterruptedSave(target: string): Promise<void> {
  const parent = dirname(target);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (path.startsWith(savingPrefix(target))) await rm(path, { recursive: true, force: true });
  }
  const replaced = replacedPath(target);
  if (!(await exists(replaced))) return;
  if (await exists(target)) await retire(replaced, target);
  else await rename(replaced, target);
}

/** Deletes a replaced model directory, after moving what is not the model's into its successor. */
async function retire(replaced: string, target: string): Promise<void> {
  for (const file of await readdir(replaced)) {
    const isModels = file === cardFile ? await isReplaced(replaced, target) : savedFiles.has(file);
    if (!isModels) await rename(join(replaced, file), join(target, file));
  }
  await rm(replaced, { recursive: true });
}

/** Whether a new model card takes the place of the old one, which nobody has made their own. */
async function isReplaced(replaced: string, target: string): Promise<boolean> {
  const isOurs = (await readFile(join(replaced, cardFile), "utf8")).includes(cardMark);
  return isOurs && (await exists(join(target, cardFile)));
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
