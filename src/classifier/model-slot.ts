// A place for a classifier in a service, in which one model follows another without a lost request.

import type { CallOptions } from "../base/cancel.js";
import { invalidOption, TagformerError } from "../base/errors.js";
import { shown } from "../base/parse-options.js";
import { Classifier } from "../classifier.js";
import type { ClassifierOptions } from "../options/model.js";
import type { InferenceOptions } from "../predict/encoded-texts.js";
import type { Prediction } from "../predict/prediction.js";
import type { AnyTexts, TextSource } from "../predict/texts.js";

/** A model that serves, and those who use it at present. */
interface Tenant<Label extends string> {
  readonly classifier: Classifier<Label>;
  users: number;
  /** Called when the last user has gone, once another model serves. */
  whenFree?: () => void;
}

/** What a fresh model is asked first: a process computes nothing as slowly as what it computes for the first time. */
const warmUpText = "warm up";

/**
 * Holds the classifier of a service. {@link ModelSlot.replace} loads another one beside it, and swaps when that has answered
 * its first text: calls that were made before are answered by the old model, later ones by the new one, and none is lost.
 * When the new model cannot be loaded, the old one stays.
 *
 * @example
 * ```ts
 * const slot = await ModelSlot.load("./model");
 * app.post("/classify", ({ body }) => slot.predict(body.text));
 * await slot.replace("./model"); // after a training that wrote there
 * ```
 */
export class ModelSlot<Label extends string = string> implements AsyncDisposable {
  #tenant: Tenant<Label>;
  /** What every model must have, where the first was asked for it. */
  readonly #labels: readonly Label[] | undefined;
  /** Replacements follow each other. */
  #replacing: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(classifier: Classifier<Label>, labels: readonly Label[] | undefined) {
    this.#tenant = { classifier, users: 0 };
    this.#labels = labels;
  }

  /** Loads the first model, as {@link Classifier.load} does. */
  static async load<Label extends string = string>(
    nameOrPath: string,
    options: ClassifierOptions<Label> & CallOptions = {},
  ): Promise<ModelSlot<Label>> {
    return new ModelSlot(await loadWarm(nameOrPath, options), options.labels);
  }

  /** The classifier that serves at present. It may be closed at any time after a {@link replace}: see {@link use}. */
  get current(): Classifier<Label> {
    return this.#tenant.classifier;
  }

  /**
   * Does something with the classifier that serves at present, which stays until `work` has ended: for several calls that
   * have to be answered by the same model.
   *
   * @throws what `work` throws; TagformerError `DISPOSED` after {@link close}
   */
  async use<T>(work: (classifier: Classifier<Label>) => T | Promise<T>): Promise<T> {
    this.#requireOpen();
    if (typeof work !== "function") throw invalidOption(`the work is ${shown(work)}; expected a function`);
    const tenant = this.#tenant;
    tenant.users++;
    try {
      return await work(tenant.classifier);
    } finally {
      tenant.users--;
      if (tenant.users === 0) tenant.whenFree?.();
    }
  }

  /** {@link Classifier.predict} of the model that serves. */
  predict(text: string, options?: CallOptions): Promise<Prediction<Label>>;
  predict(texts: TextSource, options?: CallOptions): Promise<Prediction<Label>[]>;
  predict(
    input: string | TextSource,
    options?: CallOptions,
  ): Promise<Prediction<Label> | Prediction<Label>[]>;
  predict(
    input: string | TextSource,
    options: CallOptions = {},
  ): Promise<Prediction<Label> | Prediction<Label>[]> {
    return this.use((classifier) => classifier.predict(input, options));
  }

  /** {@link Classifier.probabilities} of the model that serves. */
  probabilities(input: AnyTexts, options: InferenceOptions = {}): Promise<Float32Array> {
    return this.use((classifier) => classifier.probabilities(input, options));
  }

  /**
   * Loads a model and has it serve from then on; resolves when the old one has answered its last call and is freed. Both are in
   * memory for that time. Replacements that are asked for at once come one after the other.
   *
   * @param options as {@link Classifier.load} takes them: those of the old model are not kept, but for the `labels` that the first
   * one was asked for
   * @throws what loading throws, and the signal's reason: then the old model still serves
   */
  async replace(nameOrPath: string, options: ClassifierOptions<Label> & CallOptions = {}): Promise<void> {
    const turn = this.#replacing.then(() => this.#replaceNow(nameOrPath, options));
    this.#replacing = turn.catch(() => {});
    await turn;
  }

  async #replaceNow(nameOrPath: string, options: ClassifierOptions<Label> & CallOptions): Promise<void> {
    this.#requireOpen();
    const { labels = this.#labels } = options;
    const classifier = await loadWarm(nameOrPath, { ...options, labels });
    if (this.#isClosed) await classifier.dispose();
    this.#requireOpen();
    const old = this.#tenant;
    this.#tenant = { classifier, users: 0 };
    await retire(old);
  }

  /** Takes no new calls, answers those that were made, and then frees the model. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#replacing;
    await retire(this.#tenant);
  }

  /** Ends all calls with `DISPOSED`, and frees the model. */
  async dispose(): Promise<void> {
    this.#isClosed = true;
    await this.#tenant.classifier.dispose();
    await this.#replacing;
  }

  /** {@link ModelSlot.dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #requireOpen(): void {
    if (this.#isClosed)
      throw new TagformerError("DISPOSED", "the model slot is closed: it takes no new calls");
  }
}

/** A classifier that has answered once, so that the first to ask it does not wait longer than others. */
async function loadWarm<Label extends string>(
  nameOrPath: string,
  options: ClassifierOptions<Label> & CallOptions,
): Promise<Classifier<Label>> {
  const classifier = await Classifier.load(nameOrPath, options);
  try {
    await classifier.probabilities(warmUpText, { signal: options.signal });
    return classifier;
  } catch (error) {
    await classifier.dispose();
    throw error;
  }
}

/** Closes a classifier when all that use it have gone. */
async function retire(tenant: Tenant<string>): Promise<void> {
  if (tenant.users > 0) await new Promise<void>((resolve) => (tenant.whenFree = resolve));
  await tenant.classifier.close();
}
