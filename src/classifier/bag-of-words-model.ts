// A bag of words, answering for a classifier.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "../base/cancel.js";
import { invalidOption } from "../base/errors.js";
import type { BagOfWords } from "../baseline/bag-of-words.js";
import { bagOfWordsConfig, bagOfWordsFile, readBagOfWords } from "../baseline/files.js";
import { BagOfWordsPredictor } from "../baseline/predictor.js";
import { mostCharacters, readable } from "../baseline/terms.js";
import type { Texts } from "../data/compressed-texts.js";
import { bagOfWordsType, configFile } from "../model/file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";
import type { ExportCheck } from "../native/types.js";
import type { ScoreOptions } from "../options/calls.js";
import type { ClassifierOptions } from "../options/model.js";
import type { Explanation } from "../predict/explanation.js";
import type { ModelFiles } from "../predict/loaded-model.js";
import type { Pending, ScoredTexts, WindowOptions } from "../predict/predictor.js";
import type { BatchTotals } from "../predict/row-queue.js";
import type { SeenToken } from "../predict/seen-tokens.js";
import type { ExportFormat, TextModel } from "./text-model.js";

/** Whether a config.json is that of a bag of words. */
export function isBagOfWords(config: JsonObject): boolean {
  return config.model_type === bagOfWordsType;
}

/** Whether a bag of words is there; whatever is wrong with its config.json is for its reader to say. */
export async function isBagOfWordsDirectory(path: string): Promise<boolean> {
  const config = await readJsonObjectIfPresent(join(path, configFile), mostConfigBytes).catch(() => null);
  return config !== null && isBagOfWords(config);
}

const mostConfigBytes = 10e6;

/**
 * Reads a bag of words.
 *
 * @throws TagformerError `INVALID_MODEL`; `INVALID_OPTION` for an option that means nothing to it
 */
export async function loadBagOfWords(
  path: string,
  { tensors, labels }: ModelFiles,
  options: ClassifierOptions,
): Promise<BagOfWordsModel> {
  requireNoneOf(path, options);
  return new BagOfWordsModel(await readBagOfWords(tensors, labels.names, path));
}

const transformersOptions = [
  "maxLength",
  "windowStride",
  "maxWindows",
  "windowPooling",
  "tokenizer",
  "maxBatchTokens",
] as const;

function requireNoneOf(path: string, options: ClassifierOptions): void {
  const given = transformersOptions.find((name) => options[name] !== undefined);
  const refuse = (option: string, why: string) =>
    invalidOption(`option ${option}: ${path} is a bag of words, which ${why}; leave the option out`);
  if (given !== undefined) throw refuse(given, "has no tokens and reads whole texts");
  const { precision = "fp32", device = "auto" } = options;
  if (precision !== "fp32") throw refuse("precision", "computes in fp32 alone");
  if (device !== "auto" && device !== "cpu") throw refuse("device", "computes on the CPU alone");
}

/** A {@link BagOfWords} that answers. */
class BagOfWordsModel implements TextModel {
  readonly #model: BagOfWords;
  readonly #predictor: BagOfWordsPredictor;
  readonly config = bagOfWordsConfig;
  readonly labelNames: readonly string[];
  readonly classifierClass = "";
  readonly precision = "fp32";
  readonly threads = 1;
  readonly device = "cpu";
  readonly deviceNote = "";
  readonly warnings = [];
  /** A text has no more words than characters. */
  readonly maxLength = mostCharacters;
  readonly windows: WindowOptions = { windowStride: 0, maxWindows: 0, windowPooling: "max" };

  /** It computes one text after the other. */
  readonly totals: BatchTotals = { batches: 0, rows: 0, tokens: 0, padding: 0 };

  constructor(model: BagOfWords) {
    this.#model = model;
    this.#predictor = new BagOfWordsPredictor(model);
    this.labelNames = model.labels;
  }

  get pending(): Pending {
    return this.#predictor.pending;
  }

  score(texts: Texts, options: ScoreOptions): Promise<ScoredTexts> {
    return this.#predictor.score(texts, options);
  }

  async seenTexts(texts: Texts): Promise<string[]> {
    return Array.from(texts, readable);
  }

  async tokens(): Promise<SeenToken[][]> {
    throw invalidOption(
      "a bag of words has no tokens: it reads words, and the characters of what stands between blanks",
    );
  }

  async explain(): Promise<Omit<Explanation, "label">> {
    throw invalidOption(
      "a bag of words has no tokens to explain: what a word adds is the weight that it has, whatever the text",
    );
  }

  async export(
    output: string,
    format: ExportFormat,
    save: (directory: string) => Promise<void>,
  ): Promise<ExportCheck | undefined> {
    if (format !== "safetensors" || output.endsWith(".safetensors"))
      throw invalidOption(
        "a bag of words is exported as a directory: --format safetensors, to a path without a suffix",
      );
    await save(output);
    return undefined;
  }

  writeWeights(file: string, { signal }: CallOptions): Promise<void> {
    return writeFile(file, bagOfWordsFile(this.#model), { signal });
  }

  async writeTokenizer(): Promise<void> {}

  async dispose(): Promise<void> {
    this.#predictor.dispose();
  }
}
