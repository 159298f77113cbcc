import type { z } from "zod";
import type { CallOptions } from "./base/cancel.js";
import { untilAborted } from "./base/cancel.js";
import { invalidOption } from "./base/errors.js";
import { parseOptions } from "./base/parse-options.js";
import { didYouMean } from "./base/suggestion.js";
import {
  type ClassifierEvaluation,
  type ClassifierTuning,
  type EvaluatedParts,
  evaluateOn,
  tuneOn,
} from "./classifier/evaluation.js";
import { type ClassifierInfo, type FixedInfo, labelInfo } from "./classifier/info.js";
import { type ClassifierParts, loadParts } from "./classifier/load.js";
import type { StoredModel } from "./classifier/stored-model.js";
import type { TextModel } from "./classifier/text-model.js";
import type { Texts } from "./data/compressed-texts.js";
import type { Dataset } from "./data/dataset.js";
import { type Decision, thresholdsOf } from "./evaluation/tuning.js";
import type { ExportCheck } from "./native/types.js";
import {
  callOptions,
  type ExplanationOptions,
  type ExportOptions,
  explanationOptions,
  exportOptions,
  inferenceOptions,
  type ScoreOptions,
  scoreOptions,
} from "./options/calls.js";
import { type TuningOptions, tuningOptions } from "./options/evaluation.js";
import type { ClassifierOptions } from "./options/model.js";
import type { InferenceOptions } from "./predict/encoded-texts.js";
import type { Explanation } from "./predict/explanation.js";
import { answersInOrder } from "./predict/in-order.js";
import { OpenCalls } from "./predict/open-calls.js";
import {
  calibrated,
  describe,
  indexOfLargest,
  type Prediction,
  type TextScores,
  textScores,
} from "./predict/prediction.js";
import type { Pending } from "./predict/predictor.js";
import type { BatchTotals } from "./predict/row-queue.js";
import type { SeenToken } from "./predict/seen-tokens.js";
import {
  type AnyTexts,
  allTextsOf,
  isAsyncSource,
  requireText,
  type TextSource,
  textsOf,
} from "./predict/texts.js";

/** Texts that are read ahead of their predictions. */
const streamedAtOnce = 256;

const tuningCall = tuningOptions.safeExtend(inferenceOptions.shape);
const explanationCall = explanationOptions.extend(callOptions.shape);
const exportCall = exportOptions.extend(callOptions.shape);

/**
 * A trained model, ready to classify texts.
 *
 * Many calls may run at once: each model has a thread of its own and takes them in order, calls for a few texts that wait
 * are computed together, and the event loop is never blocked. A classifier holds native memory until
 * {@link Classifier.dispose} (or `await using`) frees it.
 *
 * @example
 * ```ts
 * const classifier = await Classifier.load("./tickets-model");
 * try {
 *   const [prediction] = await classifier.predict(["The parcel never arrived, I want my money back."]);
 *   console.log(prediction.labels, prediction.scores);
 * } finally {
 *   await classifier.dispose(); // with TypeScript or Node 24: `await using classifier = ...` does it
 * }
 * ```
 *
 * `Label` is the names of the labels, where a program knows them: `labels` in the options of {@link Classifier.load} has the
 * names checked and typed, so that `prediction.scores.refund` is a number and a misspelt name does not compile.
 */
export class Classifier<Label extends string = string> implements AsyncDisposable {
  readonly #stored: StoredModel;
  readonly #model: TextModel;
  readonly #calls: OpenCalls;
  readonly #info: FixedInfo;
  #decision: Decision;
  /** Names of the labels, in the order of all scores. */
  readonly labels: readonly Label[];
  /** Where the model computes: `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  /** With the option `device: "auto"`, a sentence about the choice where there was one; otherwise empty. */
  readonly deviceNote: string;
  /** Longest row in tokens; what goes beyond is cut, or goes into further windows. */
  readonly maxLength: number;

  private constructor({ model, stored, decision, info }: ClassifierParts) {
    this.#stored = stored;
    this.#model = model;
    this.labels = model.labelNames as readonly Label[];
    this.maxLength = model.maxLength;
    this.device = model.device;
    this.deviceNote = model.deviceNote;
    this.#decision = decision;
    this.#info = info;
    this.#calls = new OpenCalls(`the classifier of ${info.name ?? info.path}`);
  }

  /** Probabilities above which (strictly) the labels are given, in their order: tuned ones, or 0.5. */
  get thresholds(): readonly number[] {
    return this.#decision.thresholds;
  }

  /** What the logits of each label are divided by before the sigmoid: tuned ones, or 1. */
  get temperatures(): readonly number[] {
    return this.#decision.temperatures;
  }

  /** How its logits become labels: {@link temperatures}, {@link thresholds} and which labels stand below others. */
  get decision(): Decision {
    return this.#decision;
  }

  /**
   * Loads a Hugging Face model: config.json, model.safetensors and the tokenizer's files; or a TorchScript module (`.pt`),
   * which needs the options `trust` and `tokenizer`. A model that tagformer trained reads texts as its training did, with
   * the same `maxLength` and windows, unless the options say otherwise. A bag of words that `tagformer baseline` trained is
   * used like any other, and needs neither libtorch nor the add-on.
   *
   * @param nameOrPath a directory, a name on the hub (see {@link resolveModel}), or a TorchScript file
   * @param options `signal` ends a download, and the loading itself
   * @throws TagformerError `INVALID_MODEL`, `IO`, `DOWNLOAD_FAILED`, `INVALID_OPTION`, `NATIVE_NOT_BUILT` or
   * `DEVICE_UNAVAILABLE`
   */
  static async load<Label extends string = string>(
    nameOrPath: string,
    options: ClassifierOptions<Label> & CallOptions = {},
  ): Promise<Classifier<Label>> {
    return new Classifier<Label>(await loadParts(nameOrPath, options));
  }

  /** What is known of it, for logs and health checks: plain JSON. */
  get info(): ClassifierInfo {
    return { ...this.#info, labels: labelInfo(this.labels, this.#decision) };
  }

  /** How much waits for an answer, for shedding load before it waits for too long. */
  get pending(): Pending {
    return this.#model.pending;
  }

  /** What was computed since it was loaded, for metrics: how many texts share a batch, and how much padding they cost. */
  get totals(): BatchTotals {
    return this.#model.totals;
  }

  /**
   * Classifies texts; one prediction a text, in order. A stream (an async iterable) gives a stream: each prediction comes as
   * soon as it is there, and no more than a few hundred texts are read ahead.
   *
   * @param texts a text, or texts: an array, a Set, a generator, a dataset's
   * @throws TagformerError `INVALID_DATA` when a text is not a string, `INVALID_OPTION`, `DISPOSED` after {@link dispose} or
   * {@link close}; or the reason of the signal
   */
  predict(texts: string, options?: CallOptions): Promise<Prediction<Label>>;
  predict(texts: TextSource, options?: CallOptions): Promise<Prediction<Label>[]>;
  predict(texts: AsyncIterable<string>, options?: CallOptions): AsyncGenerator<Prediction<Label>, void>;
  predict(
    texts: string | TextSource,
    options?: CallOptions,
  ): Promise<Prediction<Label> | Prediction<Label>[]>;
  predict(
    input: AnyTexts,
    options: CallOptions = {},
  ): Promise<Prediction<Label> | Prediction<Label>[]> | AsyncGenerator<Prediction<Label>, void> {
    if (isAsyncSource(input)) return this.#predictStream(input, options);
    return this.#call(callOptions, options, async (calls) => {
      const predictions = await this.#predict(textsOf(input), calls);
      return typeof input === "string" ? predictions[0]! : predictions;
    });
  }

  async #predict(texts: Texts, options: CallOptions): Promise<Prediction<Label>[]> {
    const scores = await this.#score(texts, options);
    return describe(scores.probabilities, scores.tokens, this.labels, thresholdsOf(scores));
  }

  async *#predictStream(
    texts: AsyncIterable<string>,
    options: CallOptions,
  ): AsyncGenerator<Prediction<Label>, void> {
    const calls = parseOptions(callOptions, options);
    yield* answersInOrder(
      texts,
      (text, index) =>
        this.#calls.run(async () => {
          requireText(text, index);
          return (await this.#predict([text], calls))[0]!;
        }),
      streamedAtOnce,
    );
  }

  /**
   * Probabilities of all labels for all texts, after the temperatures, `[texts * labels]`, row-major: the fastest form for
   * many texts.
   */
  probabilities(texts: AnyTexts, options: InferenceOptions = {}): Promise<Float32Array> {
    return this.#call(inferenceOptions, options, async (calls) => {
      return (await this.#score(await allTextsOf(texts), calls)).probabilities;
    });
  }

  /**
   * Probabilities with all that goes with them: logits, thresholds, how much of each text was read, and where the time went.
   *
   * @throws TagformerError `INVALID_DATA` for a text that would be cut, with `truncate: false`
   */
  score(texts: AnyTexts, options: ScoreOptions = {}): Promise<TextScores> {
    return this.#call(scoreOptions, options, async (calls) => this.#score(await allTextsOf(texts), calls));
  }

  async #score(texts: Texts, options: ScoreOptions): Promise<TextScores> {
    const decision = this.#decision;
    return textScores(await this.#model.score(texts, options), decision);
  }

  /** The model's scores before temperatures and sigmoid, `[texts * labels]`, row-major. */
  logits(texts: AnyTexts, options: InferenceOptions = {}): Promise<Float32Array> {
    return this.#call(inferenceOptions, options, async (calls) => {
      return (await this.#model.score(await allTextsOf(texts), calls)).logits;
    });
  }

  /**
   * The texts as the model sees them: split into tokens, cut to {@link Classifier.maxLength} unless they are read in windows, and put
   * together again without special tokens.
   */
  seenTexts(input: string | TextSource, options: CallOptions = {}): Promise<string[]> {
    return this.#call(callOptions, options, ({ signal }) => this.#model.seenTexts(textsOf(input), signal));
  }

  /** The tokens of each text, with their places in it; nothing is cut. */
  tokens(input: string | TextSource, options: CallOptions = {}): Promise<SeenToken[][]> {
    return this.#call(callOptions, options, ({ signal }) => this.#model.tokens(textsOf(input), signal));
  }

  /**
   * Compares predictions with the labels of a dataset, whose label columns are matched by name.
   *
   * @throws TagformerError `INVALID_DATA` when a label of the model has no column
   */
  evaluate(dataset: Dataset, options: InferenceOptions = {}): Promise<ClassifierEvaluation> {
    return this.#call(inferenceOptions, options, (calls) =>
      evaluateOn(this.#evaluated, this.#decision, dataset, calls),
    );
  }

  /**
   * Learns thresholds, and temperatures when told, from a dataset that the model was not trained on, and uses them from then
   * on. {@link save} and {@link saveDecision} keep them.
   *
   * @throws TagformerError as {@link evaluate} and {@link tune}
   */
  tune(dataset: Dataset, options: TuningOptions & InferenceOptions = {}): Promise<ClassifierTuning> {
    return this.#call(tuningCall, options, () =>
      tuneOn(this.#evaluated, dataset, options, this.#decision, (decision) => {
        this.#decision = decision;
      }),
    );
  }

  get #evaluated(): EvaluatedParts {
    return { predictor: this.#model, labels: this.labels, stored: this.#stored };
  }

  /**
   * Writes temperatures and thresholds into the tagformer.json of the directory that the model was loaded from, and their
   * figures into its model card.
   *
   * @throws TagformerError `INVALID_OPTION` when tagformer did not write that directory; {@link save} makes one that it did.
   * `INVALID_MODEL` when the directory holds another model by now, `OUTPUT_IN_USE` while a training run writes there, `IO`
   */
  saveDecision(): Promise<void> {
    return this.#calls.run(() => this.#stored.saveDecision());
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
  explain(text: string, options: ExplanationOptions<Label> & CallOptions = {}): Promise<Explanation> {
    return this.#call(explanationCall, options, async ({ signal, ...parsed }) => {
      requireText(text, 0);
      const decision = this.#decision; // a tuning meanwhile changes nothing here
      const label = await this.#labelIndex(parsed.label, text, decision, signal);
      const question = { ...parsed, label, signal };
      const explained = await this.#model.explain(text, decision.temperatures[label]!, question);
      return { label: this.labels[label]!, ...explained };
    });
  }

  /**
   * Saves the model as a Hugging Face directory, replacing a model that tagformer saved there before.
   *
   * @throws TagformerError `IO`, `INVALID_OPTION` where the files of others are; or the reason of the signal. What was
   * there before then still is
   */
  save(directory: string, options: CallOptions = {}): Promise<void> {
    return this.#call(callOptions, options, (calls) => this.#save(directory, calls));
  }

  #save(directory: string, calls: CallOptions): Promise<void> {
    return this.#stored.save(directory, this.#model, calls);
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
  export(output: string, options: ExportOptions & CallOptions = {}): Promise<ExportCheck | undefined> {
    return this.#call(exportCall, options, ({ format, ...calls }) => {
      const save = (directory: string) => this.#save(directory, calls);
      return this.#model.export(output, format, save, calls);
    });
  }

  /**
   * Takes no new calls, answers those that were made, and then frees the model. A signal that is given meanwhile ends the
   * waiting: see {@link dispose}.
   */
  async close(options: CallOptions = {}): Promise<void> {
    const { signal } = parseOptions(callOptions, options);
    const answered = this.#calls.close();
    try {
      await untilAborted(signal, answered, () => {});
    } finally {
      await this.dispose();
    }
  }

  /** Ends the calls that wait and the one that runs, with `DISPOSED`, and frees the model; within a tenth of a second. */
  async dispose(): Promise<void> {
    this.#calls.dispose();
    await this.#model.dispose();
  }

  /** {@link Classifier.dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Checks a call's options and makes the call. */
  #call<Shape extends Record<string, z.ZodType>, T>(
    schema: z.ZodObject<Shape>,
    options: unknown,
    work: (options: z.output<z.ZodObject<Shape>>) => Promise<T>,
  ): Promise<T> {
    return this.#calls.run(async () => work(parseOptions(schema, options)));
  }

  /** The index of a label, or of the most probable one of a text. */
  async #labelIndex(
    name: string | undefined,
    text: string,
    decision: Decision,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (name === undefined) {
      const { logits } = await this.#model.score([text], { signal });
      return indexOfLargest(calibrated(logits, decision));
    }
    const names: readonly string[] = this.labels;
    const index = names.indexOf(name);
    if (index >= 0) return index;
    throw invalidOption(`the model has no label "${name}"${didYouMean(name, names)}`);
  }
}
