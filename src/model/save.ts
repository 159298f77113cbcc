// Writes a model directory so that a crash at any moment leaves the old or the new one, whole.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CallOptions } from "../base/cancel.js";
import { nameOfKind } from "../base/destination.js";
import { cannot, invalidModel, invalidOption, TagformerError } from "../base/errors.js";
import { flush, flushDirectory, keepOwner, writeWholeText } from "../base/whole-file.js";
import { readCard } from "./card.js";
import {
  cardFile,
  configFile,
  maxTagformerBytes,
  scriptFile,
  splitFile,
  tagformerFile,
  tagformerFormat,
  testFile,
  torchScriptType,
  validationFile,
  weightsFile,
} from "./file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "./json-file.js";
import { labelFields } from "./labels.js";
import { cannotSaveTo, type DirectoryLock, lockDirectory } from "./lock.js";
import { formatJson } from "./number-format.js";
import { withoutReaders } from "./readers.js";
import { finishInterruptedSave, putInPlace, savingPath } from "./replace.js";
import { weightsVersion } from "./version.js";

/** What a saved model directory is made of. */
export interface ModelToSave {
  /** The config.json that the model was built from. */
  readonly config: JsonObject;
  readonly labelNames: readonly string[];
  /** transformers' class of such classifiers; empty, or left out: what config.json says. */
  readonly classifierClass?: string;
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

interface SaveOptions extends CallOptions {
  /** The lock on the directory, where the caller holds it already. */
  readonly lock?: DirectoryLock | undefined;
}

/**
 * Writes a Hugging Face model directory: beside its place, flushed, then exchanged with what is there. A model directory that
 * tagformer wrote earlier is replaced, and files in it that are no part of a model are kept.
 *
 * @throws TagformerError `IO` when it cannot be written, `OUTPUT_IN_USE` when a training run writes there, and as
 * {@link checkSaveTarget}; or the reason of the signal, which `writeWeights` obeys. What was there then still is
 */
export async function saveModelDirectory(
  directory: string,
  model: ModelToSave,
  { signal, lock }: SaveOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const held = lock ?? (await lockDirectory(directory, "saving"));
  try {
    await finishInterruptedSave(held.target);
    await checkFreeOrOurs(directory);
    await writeBeside(held.target, model);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TagformerError) throw error;
    throw cannot(`save the model to ${directory}`, error);
  } finally {
    if (lock === undefined) held.release();
  }
}

/**
 * Checks that a model may be saved to `directory`: nothing is there, an empty directory, or a model that tagformer
 * wrote, in a place where files can be made. Worth a call before a long training.
 *
 * @throws TagformerError `INVALID_OPTION` when something else is there, `IO` when nothing can be written there
 */
export async function checkSaveTarget(directory: string, { target }: DirectoryLock): Promise<void> {
  try {
    await finishInterruptedSave(target);
    await checkFreeOrOurs(directory);
    await checkNoMountPoint(directory, target);
    await rmdir(await mkdtemp(join(dirname(target), ".tagformer-")));
  } catch (error) {
    throw cannotSaveTo(directory, error);
  }
}

/** A mount point, such as a volume of a container, cannot be exchanged with another directory. */
async function checkNoMountPoint(directory: string, target: string): Promise<void> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  // Blanks in paths are written as \\040.
  const points = mounts.split("\n").map((line) => line.split(" ")[4]?.replaceAll("\\040", " "));
  if (!points.includes(target)) return;
  throw invalidOption(
    `${directory} is a mount point, which a finished model cannot replace in one step; choose a directory inside it, such as ${join(directory, "model")}`,
  );
}

/**
 * Whether a finished model is there already, which a run that is stopped does not replace; what another stopped run left is
 * none. A tagformer.json that cannot be read counts as a finished model's.
 */
export async function holdsFinishedModel(directory: string): Promise<boolean> {
  const file = join(directory, tagformerFile);
  const record = await readJsonObjectIfPresent(file, maxTagformerBytes).catch(() => ({}));
  return record !== null && !("stoppedAtStep" in record);
}

async function checkFreeOrOurs(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found === null) return;
  const files = found.isDirectory() ? await readdir(directory) : null;
  if (files?.length === 0 || files?.includes(tagformerFile)) return;
  const what = files ? "holds files that tagformer did not write" : `is ${nameOfKind(found)}`;
  // Nobody is told to remove a device.
  const remedy = files || found.isFile() ? ", or remove it" : "";
  throw invalidOption(`${directory} ${what}; choose another output directory${remedy}`);
}

/**
 * The tagformer.json of a model directory that tagformer wrote.
 *
 * @throws TagformerError `INVALID_OPTION` when there is none
 */
export async function requireTagformerFile(directory: string): Promise<JsonObject> {
  const content = await readJsonObjectIfPresent(join(directory, tagformerFile), maxTagformerBytes);
  if (content !== null) return content;
  throw invalidOption(
    `${directory} has no ${tagformerFile}: tagformer did not write this model and leaves it as it is; save a copy in a directory of its own`,
  );
}

/** What is to change in a model directory without its weights. */
interface RecordChanges {
  /** Fields of tagformer.json. */
  readonly tagformer: JsonObject;
  /** Makes the new model card of the present one, where there is one. */
  readonly card: (card: string) => string;
  /** {@link weightsVersion} of the weights that the changes are about. */
  readonly weights: string | null;
  /** The lock on the directory, where the caller holds it already. */
  readonly lock?: DirectoryLock | undefined;
}

/**
 * Changes tagformer.json and the model card of a model directory, each of them whole.
 *
 * @throws TagformerError `INVALID_MODEL` when the directory holds other weights by now, `OUTPUT_IN_USE` when a training run
 * writes there, as {@link requireTagformerFile}, `IO` when a file cannot be written
 */
export async function updateRecord(directory: string, changes: RecordChanges): Promise<void> {
  await using _ = changes.lock ? undefined : await lockDirectory(directory, "saving");
  const content = await requireTagformerFile(directory);
  if ((await weightsVersion(directory)) !== changes.weights) {
    throw invalidModel(
      `${directory} holds another model than the one that was loaded: it was replaced, or its weights were changed. Load it again, or save this model in a directory of its own`,
    );
  }
  const record = { ...content, ...changes.tagformer, formatVersion: tagformerFormat };
  await withoutReaders(directory, () => writeWholeText(join(directory, tagformerFile), jsonOf(record)));
  const card = await readCard(directory);
  if (card !== undefined) await writeWholeText(join(directory, cardFile), changes.card(card));
}

async function writeBeside(target: string, model: ModelToSave): Promise<void> {
  const beside = savingPath(target, randomUUID());
  try {
    await mkdir(beside);
    const file = model.config.model_type === torchScriptType ? scriptFile : weightsFile;
    await model.writeWeights(join(beside, file));
    await model.writeTokenizer(beside);
    await writeFile(join(beside, configFile), jsonOf(savedConfig(model)));
    const record = { formatVersion: tagformerFormat, ...model.tagformer };
    await writeFile(join(beside, tagformerFile), jsonOf(record));
    if (model.split !== undefined) await writeFile(join(beside, splitFile), model.split);
    if (model.validation) await writeFile(join(beside, validationFile), model.validation);
    if (model.test) await writeFile(join(beside, testFile), model.test);
    if (model.card !== undefined) await writeFile(join(beside, cardFile), model.card);
    for (const name of await readdir(beside)) await flush(join(beside, name));
    await keepOwner(beside, target);
    await flushDirectory(beside);
    await putInPlace(beside, target);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

function savedConfig({ config, labelNames, classifierClass }: ModelToSave): JsonObject {
  // `num_labels` is the number of `id2label`; `torch_dtype` is the former name of `dtype`.
  const { torch_dtype, num_labels, _num_labels, architectures, ...kept } = config;
  return {
    ...kept,
    architectures: classifierClass ? [classifierClass] : architectures,
    problem_type: "multi_label_classification",
    ...labelFields(labelNames),
    dtype: "float32",
  };
}

function jsonOf(content: JsonObject): string {
  return `${formatJson(content)}\n`;
}
