import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeWhole } from "./base/whole-file.js";
import { checkShape, type Dataset } from "./data/dataset.js";
import { clustersOf } from "./data/groups.js";
import { KeySet, textKeys } from "./data/text-keys.js";
import type { Texts } from "./data/texts.js";
import { TagformerError } from "./errors.js";
import { inBackground } from "./evaluation/background.js";
import { sigmoid } from "./evaluation/loss.js";
import type { Evaluation } from "./evaluation/metrics.js";
import { type Mistake, mistakesOf } from "./evaluation/mistakes.js";
import { decide } from "./evaluation/scores.js";
import { divideByTemperature } from "./evaluation/temperature.js";
import type { Decision, Tuning } from "./evaluation/tuning.js";
import { type Explanation, explainText } from "./explanation.js";
import { type LoadedModel, loadModel, type ModelFiles, prepareLoading, readModelFiles } from "./loading.js";
import { readCard } from "./model/card.js";
import { readDecision } from "./model/decision.js";

import { configFile, tagformerFile, tokenizerFile, torchScriptType } from "./model/file-names.js";
import type { JsonObject } from "./model/json-file.js";
import { saveModelDirectory, updateRecord } from "./model/save.js";
import { countSeen, type KnownTexts, knownTexts, type SeenTexts } from "./model/seen-texts.js";
import { isTorchScriptPath } from "./model/torchscript/source.js";
import { isSameDirectory, readOneVersion, weightsVersion } from "./model/version.js";
import { checkDevice } from "./native/device.js";
import type { NativeModel } from "./native/model.js";
import type { CallOptions, ExportCheck } from "./native/types.js";
import {
  type ClassifierOptions,
  classifierOptions,
  type ExplanationOptions,
  type ExportOptions,
  explanationOptions,
  exportOptions,
  modelOptions,
  parseOptions,
  type TuningOptions,
  tuningOptions,
} from "./options.js";
import type { InferenceOptions } from "./predict/encoded-texts.js";
import { Predictor, type WindowOptions } from "./predict/predictor.js";
import {
  type DecisionChange,
  givenDecision,
  tunedDecision,
  unchangedDecision,
} from "./report/decision-record.js";
import { didYouMean } from "./suggestion.js";
import type { TokenCounts } from "./text/token-counts.js";
import { mostTokens, type Tokenizer } from "./text/tokenizer.js";

/** Predictions made in one turn of the event loop. */
const describedAtOnce = 256;

/** What the model says about one text. */
export interface Prediction {
  /** The probability of each label, by name. */
  readonly scores: Readonly<Record<string, number>>;
  /** The labels whose probability is above the threshold, in the model's order. */
  readonly labels: readonly string[];
  /** How much of the text the model has read. */
  readonly tokens: TokenCount;
}

/** How many tokens of a text were read, and how many were cut because it is longer than {@link Classifier.maxLength}. */
export interface TokenCount {
  /** Tokens that were read, special tokens included. */
  readonly read: number;
  /** Tokens that were cut; 0 for a text that was read in windows. */
  readonly cut: number;
  /** `true` when at least `cut` tokens were cut: the rest of a very long text is not tokenized. Absent otherwise. */
  readonly atLeast?: true;
}

/** What {@link Classifier.evaluate} returns. */
export interface ClassifierEvaluation {
  /** Figures over all labels and of each, with the classifier's temperatures and thresholds. */
  readonly metrics: Evaluation;
  /** Rows decided wrongly, worst first; `row` counts the rows of the dataset from 0. */
  readonly mistakes: readonly Mistake[];
  /** The model's logits, before temperatures, `[rows * labels]`, in the model's label order. */
  readonly logits: Float32Array;
  /** The dataset's labels in the model's label order, `[rows * labels]`. */
  readonly labels: Float32Array;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
  /** How many of the texts the model has seen in its training or tuning; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
}

/** What {@link Classifier.tune} returns. */
export interface ClassifierTuning extends Tuning {
  /** How many of the texts the model has seen in its training; `null` when it remembers none. */
  readonly seen: SeenTexts | null;
  /** How much of each row's text was read. */
  readonly tokens: TokenCounts;
}

/**
 * A trained model, ready to classify texts.
 *
 * Many calls may run at once: each model has a thread of its own and takes them in order, calls for a few texts that wait
 * are computed together, and the event loop is never blocked. A classifier holds native memory until
 * {@link Classifier.dispose} (or `await using`) frees it.
 *
 * @example
 * ```ts
 * await using classifier = await Classifier.load("./tickets-model");
 * const [prediction] = await classifier.predict(["The parcel never arrived, I want my money back."]);
 * console.log(prediction.labels, prediction.scores);
 * ```
 */
export class Classifier implements AsyncDisposable {
  /** The model's directory; `null` for a TorchScript file. */
  readonly #directory: string | null;
  readonly #config: JsonObject;
  readonly #tagformer: JsonObject;
  readonly #model: NativeModel;
  readonly #tokenizer: Tokenizer;
  readonly #windows: WindowOptions;
  readonly #predictor: Predictor;
  #decision: Decision;
  /** Tells the weights that were loaded from others that are in the directory later. */
  #weights: string | null = null;
  /** What the decision changes in the model's directory, where it is another than the stored one. */
  #decisionChange: () => Promise<DecisionChange> = async () => unchangedDecision;
  /** The texts of its training and of the tuning in use. */
  #known: KnownTexts;
  /** Names of the labels, in the order of all scores. */
  readonly labels: readonly string[];
  /** Where the model computes: `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  /** With the option `device: "auto"`, a sentence about the choice where there was one; otherwise empty. */
  readonly deviceNote: string;
  /** Longest row in tokens; what goes beyond is cut, or goes into further windows. */
  readonly maxLength: number;

  private constructor(
    directory: string | null,
    loaded: LoadedModel,
    tagformer: JsonObject,
    windows: WindowOptions,
    decision: Decision,
  ) {
    const { model, tokenizer, config, labelNames, maxLength } = loaded;
    this.#directory = directory;
    this.#model = model;
    this.#tokenizer = tokenizer;
    this.#config = config;
    this.#tagformer = tagformer;
    this.#known = knownTexts(tagformer);
    this.labels = labelNames;
    this.maxLength = maxLength;
    this.device = model.info.device;
    this.deviceNote = model.info.deviceNote;
    this.#windows = windows;
    this.#predictor = new Predictor(loaded, windows);
    this.#decision = decision;
  }

  /** Probabilities above which (strictly) the labels are given, in their order: tuned ones, or 0.5. */
  get thresholds(): readonly number[] {
    return this.#decision.thresholds;
  }

  /** What the logits of each label are divided by before the sigmoid: tuned ones, or 1. */
  get temperatures(): readonly number[] {
    return this.#decision.temperatures;
  }

  /**
   * Loads a Hugging Face model: config.json, model.safetensors and the tokenizer's files; or a TorchScript module (`.pt`),
   * which needs the options `trust` and `tokenizer`. A model that tagformer trained reads texts as its training did, with
   * the same `maxLength` and windows, unless the options say otherwise.
   *
   * @param nameOrPath a directory, a name on the hub (see {@link resolveModel}), or a TorchScript file
   * @param options `signal` ends a download, and the loading itself
   * @throws TagformerError `INVALID_MODEL`, `IO`, `DOWNLOAD_FAILED`, `INVALID_OPTION`, `NATIVE_NOT_BUILT` or
   * `DEVICE_UNAVAILABLE`
   */
  static async load(
    nameOrPath: string,
    { signal, ...options }: ClassifierOptions & CallOptions = {},
  ): Promise<Classifier> {
    const { device, tokenizer, threshold } = parseOptions(classifierOptions, options);
    prepareLoading();
    await checkDevice(device);
    // Another process may save a model there meanwhile.
    return await readOneVersion(
      nameOrPath,
      () => Classifier.#loadVersion(nameOrPath, options, { tokenizer, threshold, signal }),
      (classifier) => classifier.dispose(),
      { signal },
    );
  }

  static async #loadVersion(
    nameOrPath: string,
    options: ClassifierOptions,
    { tokenizer, threshold, signal }: Pick<ClassifierOptions, "tokenizer" | "threshold"> & CallOptions,
  ): Promise<Classifier> {
    const files = await readModelFiles(nameOrPath, tokenizer, { signal });
    const { labels, ...given } = definedOnly(options);
    if (labels !== undefined && !isTorchScriptPath(nameOrPath)) {
      throw new TagformerError(
        "INVALID_OPTION",
        `option labels is for TorchScript files; ${nameOrPath} names its own`,
      );
    }
    requireMultiLabel(nameOrPath, files.config);
    const reading = parseOptions(classifierOptions, { ...trainedReading(files), ...given });
    const loaded = await loadModel(files, labels ?? null, reading, 0, { signal });
    try {
      requireHead(nameOrPath, files, loaded.model);
      const stored = readDecision(
        files.tagformer ?? null,
        loaded.labelNames,
        join(files.directory ?? dirname(nameOrPath), tagformerFile),
      );
      const decision =
        threshold === undefined ? stored : { ...stored, thresholds: loaded.labelNames.map(() => threshold) };
      const directory = files.directory ?? null;
      const classifier = new Classifier(directory, loaded, files.tagformer ?? {}, reading, decision);
      classifier.#weights = files.weightsVersion ?? null;
      if (threshold !== undefined) {
        classifier.#decisionChange = async () => givenDecision(decision, loaded.labelNames);
        classifier.#known = { ...classifier.#known, tuning: null };
      }
      return classifier;
    } catch (error) {
      await Promise.all([loaded.tokenizer.dispose(), loaded.model.dispose()]);
      throw error;
    }
  }

  /**
   * Classifies texts; one prediction a text, in order.
   *
   * @throws TagformerError `INVALID_DATA` when a text is not a string, `DISPOSED` after {@link dispose}; or the reason of
   * the signal
   */
  async predict(texts: Texts, options?: CallOptions): Promise<Prediction[]>;
  async predict(text: string, options?: CallOptions): Promise<Prediction>;
  async predict(input: string | Texts, options: CallOptions = {}): Promise<Prediction | Prediction[]> {
    const texts = typeof input === "string" ? [input] : input;
    requireTexts(texts);
    const { logits, counts } = await this.#predictor.score(texts, options);
    const probabilities = this.#calibrate(logits);
    const predictions: Prediction[] = [];
    for (let first = 0; first < texts.length; first += describedAtOnce) {
      if (first > 0) await setImmediate(); // others have their turn between thousands of objects
      const end = Math.min(first + describedAtOnce, texts.length);
      for (const one of this.#describe(probabilities, counts, first, end)) predictions.push(one);
    }
    return typeof input === "string" ? predictions[0]! : predictions;
  }

  /**
   * Probabilities of all labels for all texts, after the temperatures, `[texts * labels]`, row-major: the fastest form for
   * many texts.
   */
  async probabilities(texts: Texts, options: InferenceOptions = {}): Promise<Float32Array> {
    return this.#calibrate(await this.logits(texts, options));
  }

  /** The model's scores before temperatures and sigmoid, `[texts * labels]`, row-major. */
  async logits(texts: Texts, options: InferenceOptions = {}): Promise<Float32Array> {
    requireTexts(texts);
    return (await this.#predictor.score(texts, options)).logits;
  }

  /**
   * The texts as the model sees them: split into tokens, cut to {@link Classifier.maxLength} unless they are read in windows, and put
   * together again without special tokens.
   */
  async seenTexts(texts: Texts, { signal }: CallOptions = {}): Promise<string[]> {
    requireTexts(texts);
    const limit = this.#windows.windowStride > 0 ? mostTokens : this.maxLength;
    const { ids, offsets } = await this.#tokenizer.encode(texts, limit, signal);
    return Promise.all(
      Array.from({ length: texts.length }, (_, row) =>
        this.#tokenizer.decode(ids.subarray(offsets[row], offsets[row + 1])),
      ),
    );
  }

  /**
   * Compares predictions with the labels of a dataset, whose label columns are matched by name.
   *
   * @throws TagformerError `INVALID_DATA` when a label of the model has no column
   */
  async evaluate(dataset: Dataset, options: InferenceOptions = {}): Promise<ClassifierEvaluation> {
    const { logits, labels, tokens } = await this.#score(dataset, options);
    const { metrics, worst } = await inBackground(
      "judge",
      [logits, labels, this.labels, this.temperatures, this.thresholds],
      options,
    );
    const seen = await countSeen(this.#known, dataset.texts);
    return { metrics, mistakes: mistakesOf(worst, labels, this.labels), logits, labels, tokens, seen };
  }

  /**
   * Learns thresholds, and temperatures when told, from a dataset that the model was not trained on, and uses them from then
   * on. {@link save} and {@link saveDecision} keep them.
   *
   * @throws TagformerError as {@link evaluate} and {@link tune}
   */
  async tune(dataset: Dataset, options: TuningOptions & InferenceOptions = {}): Promise<ClassifierTuning> {
    const { signal, onProgress, ...tuning } = options;
    parseOptions(tuningOptions, tuning); // a wrong option should not wait for a large dataset
    const { logits, labels, tokens } = await this.#score(dataset, { signal, onProgress });
    const seen = await countSeen(this.#known, dataset.texts);
    const clusters = clustersOf(dataset);
    const found = await inBackground("tune", [logits, labels, this.labels, tuning, clusters], { signal });
    this.#decision = { temperatures: found.temperatures, thresholds: found.thresholds };
    const keys = KeySet.of(await textKeys(dataset.texts));
    this.#known = { ...this.#known, tuning: keys };
    const record = { tuning: found, source: dataset.source, onValidation: false, texts: keys.stored() };
    this.#decisionChange = () => tunedDecision(record, this.labels, this.#directory);
    return { ...found, tokens, seen: seen && { ...seen, tunedOn: 0 } };
  }

  /**
   * Writes temperatures and thresholds into the tagformer.json of the directory that the model was loaded from, and their
   * figures into its model card.
   *
   * @throws TagformerError `INVALID_OPTION` when tagformer did not write that directory; {@link save} makes one that it did.
   * `INVALID_MODEL` when the directory holds another model by now, `OUTPUT_IN_USE` while a training run writes there, `IO`
   */
  async saveDecision(): Promise<void> {
    if (this.#directory === null) {
      throw new TagformerError(
        "INVALID_OPTION",
        "a TorchScript file has no tagformer.json; save() makes a directory that has one",
      );
    }
    const { fields, changeCard } = await this.#decisionChange();
    await updateRecord(this.#directory, { tagformer: fields, card: changeCard, weights: this.#weights });
  }

  /**
   * Tells what each token of a text adds to the score of a label: integrated gradients over the word embeddings
   * (Sundararajan et al., ICML 2017). The contributions sum to the difference between the logits of the text and of the same
   * text with all words hidden, within `tolerance`. Of a text that is longer than {@link maxLength}, the beginning is
   * explained, or the window that decides, or all windows where the mean does.
   *
   * @throws TagformerError `INVALID_OPTION` when the label or the baseline token is not known, `INVALID_DATA` when the text is
   * not a string; or the reason of the signal
   */
  async explain(
    text: string,
    { signal, ...options }: ExplanationOptions & CallOptions = {},
  ): Promise<Explanation> {
    const parsed = parseOptions(explanationOptions, options);
    const scores = await this.probabilities([text], { signal });
    const label = parsed.label === undefined ? indexOfLargest(scores) : this.#labelIndex(parsed.label);
    const temperature = this.temperatures[label]!;
    const reading = { ...this.#windows, maxLength: this.maxLength, temperature };
    const question = { ...parsed, label, signal };
    const explained = await explainText(this.#model, this.#tokenizer, text, reading, question);
    return { label: this.labels[label]!, ...explained };
  }

  /**
   * Saves the model as a Hugging Face directory, replacing a model that tagformer saved there before.
   *
   * @throws TagformerError `IO`, `INVALID_OPTION` where the files of others are; or the reason of the signal. What was
   * there before then still is
   */
  async save(directory: string, { signal }: CallOptions = {}): Promise<void> {
    const { fields, changeCard } = await this.#decisionChange();
    const card = await this.#card();
    const model = {
      config: this.#config,
      classifierClass: this.#model.info.classifierClass,
      labelNames: this.labels,
      tagformer: { ...this.#tagformer, ...fields },
      card: card && changeCard(card),
      writeTokenizer: (folder: string) => this.#tokenizer.writeFiles(folder),
      writeWeights: (file: string) => this.#model.save(file, { signal }),
    };
    await saveModelDirectory(directory, model, { signal });
    if (this.#directory !== null && (await isSameDirectory(directory, this.#directory)))
      this.#weights = await weightsVersion(directory);
  }

  /** The card of the directory, as long as it is the card of this model. */
  async #card(): Promise<string | undefined> {
    if (this.#directory === null || (await weightsVersion(this.#directory)) !== this.#weights)
      return undefined;
    return await readCard(this.#directory);
  }

  /**
   * Writes the model for other programs, in fp32; the file appears under its name when it is whole.
   *
   * As `torchscript`, `output` is a module with `forward(input_ids, attention_mask=None, token_type_ids=None)` that gives
   * logits, `[texts, labels]`, for any number of texts and tokens; the last argument only where the architecture has
   * segments. It runs without tagformer (`torch.jit.load` in Python, `torch::jit::load` in C++), has the parameters'
   * Hugging Face names and no dropout, and holds `config.json` and `tokenizer.json` as extra files. It is loaded and
   * compared with this model before it is called done.
   *
   * As `safetensors`, `output` holds the weights when it ends in `.safetensors`, and is otherwise a Hugging Face
   * directory, as {@link Classifier.save} writes it.
   *
   * @returns how a TorchScript module was compared with this model; nothing for other formats
   * @throws TagformerError `IO`; `INVALID_OPTION` when `output` is a directory, or a TorchScript module is asked of a
   * model that was loaded in another precision than fp32; or the reason of the signal
   */
  async export(
    output: string,
    { signal, ...options }: ExportOptions & CallOptions = {},
  ): Promise<ExportCheck | undefined> {
    const { format } = parseOptions(exportOptions, options);
    const calls = { signal };
    const save = (file: string) => this.#model.save(file, calls);
    if (this.#config.model_type === torchScriptType) {
      if (format === "torchscript") {
        await writeWhole(output, save, calls);
        return undefined;
      }
      throw new TagformerError(
        "INVALID_OPTION",
        "a TorchScript module is exported as torchscript, not as safetensors",
      );
    }
    if (format === "torchscript") {
      const extraFiles = {
        [configFile]: JSON.stringify(this.#config, null, 2),
        [tokenizerFile]: await this.#tokenizer.json(),
      };
      const exportTo = (file: string) => this.#model.exportTorchScript(file, extraFiles, calls);
      return writeWhole(output, exportTo, calls);
    }
    if (output.endsWith(".safetensors")) await writeWhole(output, save, calls);
    else await this.save(output, calls);
    return undefined;
  }

  /** Ends the calls that wait and the one that runs, with `DISPOSED`, and frees the model; within a tenth of a second. */
  async dispose(): Promise<void> {
    await Promise.all([this.#model.dispose(), this.#tokenizer.dispose()]);
  }

  /** {@link Classifier.dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Logits of a dataset's texts, and its labels in the model's order. */
  async #score(
    dataset: Dataset,
    options: InferenceOptions,
  ): Promise<{ logits: Float32Array; labels: Float32Array; tokens: TokenCounts }> {
    checkShape(dataset);
    const labels = labelsInOrder(dataset, this.labels);
    requireTexts(dataset.texts);
    const { logits, counts } = await this.#predictor.score(dataset.texts, options);
    return { labels, logits, tokens: counts };
  }

  #calibrate(logits: Float32Array): Float32Array {
    return sigmoid(divideByTemperature(logits, this.temperatures));
  }

  #labelIndex(name: string): number {
    const index = this.labels.indexOf(name);
    if (index >= 0) return index;
    throw new TagformerError(
      "INVALID_OPTION",
      `the model has no label "${name}"${didYouMean(name, this.labels)}`,
    );
  }

  /** The predictions of the texts from `first` to before `end`. */
  #describe(all: Float32Array, counts: TokenCounts, first: number, end: number): Prediction[] {
    const width = this.labels.length;
    const probabilities = all.subarray(first * width, end * width);
    const decisions = decide(probabilities, width, this.thresholds);
    return Array.from({ length: end - first }, (_, row) => ({
      scores: Object.fromEntries(this.labels.map((name, i) => [name, probabilities[row * width + i]!])),
      labels: this.labels.filter((_, i) => decisions[row * width + i] === 1),
      tokens: tokenCountOf(counts, first + row),
    }));
  }
}

/**
 * A head that was trained for one label a text gives scores that mean something only beside each other.
 *
 * @throws TagformerError `INVALID_MODEL`
 */
function requireMultiLabel(path: string, config: JsonObject): void {
  const { problem_type: type = null } = config;
  if (type === null || type === "multi_label_classification") return;
  throw new TagformerError(
    "INVALID_MODEL",
    `${join(path, configFile)}: problem_type is ${JSON.stringify(type)}; a classifier here gives every label a score of its own ("multi_label_classification"), so train one from this model first: \`tagformer train DATA --model ${path} --output DIR\``,
  );
}

/** @throws TagformerError `INVALID_MODEL` for a pretrained network without a classification head */
function requireHead(path: string, { script }: ModelFiles, model: NativeModel): void {
  if (script !== null || model.info.hasHead) return;
  throw new TagformerError(
    "INVALID_MODEL",
    `${path} has no classification head: it is a pretrained model, not a classifier; train one from it with \`tagformer train DATA --model ${path} --output DIR\``,
  );
}

function tokenCountOf({ read, cut, atLeast }: TokenCounts, text: number): TokenCount {
  return { read: read[text]!, cut: cut[text]!, ...(atLeast[text] === 1 && { atLeast: true as const }) };
}

const readingOptions = modelOptions.pick({
  maxLength: true,
  windowStride: true,
  maxWindows: true,
  windowPooling: true,
});

/** How the training of a model read texts; nothing when tagformer did not train it. */
function trainedReading({ tagformer }: ModelFiles): ClassifierOptions {
  const trained = readingOptions.strip().partial().safeParse(tagformer?.options);
  return trained.success ? trained.data : {};
}

function definedOnly(options: ClassifierOptions): ClassifierOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** @throws TagformerError `INVALID_DATA` */
function requireTexts(texts: Texts): void {
  if (typeof texts !== "object" || texts === null || !(Symbol.iterator in texts)) {
    throw new TagformerError(
      "INVALID_DATA",
      `the texts are of type ${typeof texts}; expected an array of strings`,
    );
  }
  const bad = Array.isArray(texts) ? texts.findIndex((text) => typeof text !== "string") : -1;
  if (bad < 0) return;
  throw new TagformerError(
    "INVALID_DATA",
    `text ${bad} is of type ${typeof texts.at(bad)}; expected a string`,
  );
}

function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

/** The dataset's labels in the order of `names`, `[rows * names.length]`. */
function labelsInOrder(dataset: Dataset, names: readonly string[]): Float32Array {
  const columns = names.map((name) => {
    const column = dataset.labelNames.indexOf(name);
    if (column >= 0) return column;
    throw new TagformerError(
      "INVALID_DATA",
      `${dataset.source} has no column for the model's label "${name}"; it has ${dataset.labelNames.join(", ")}`,
    );
  });
  const width = dataset.labelNames.length;
  const labels = new Float32Array(dataset.texts.length * names.length);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = dataset.labels[Math.floor(i / names.length) * width + columns[i % names.length]!]!;
  }
  return labels;
}
