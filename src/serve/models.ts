// The models of a server, each under its name.
import { basename } from "node:path";
import { TagformerError } from "../base/errors.js";
import { didYouMean } from "../base/suggestion.js";
import { ModelSlot } from "../classifier/model-slot.js";
import type { ClassifierOptions } from "../options/model.js";
import { ServeError } from "./errors.js";

/** What a server needs of a {@link ModelSlot}. */
export type Slot = Pick<ModelSlot, "current" | "use" | "replace" | "close" | "dispose">;

/** Models to serve: one, several, or several under names. Each is a directory, a name on the hub, or a TorchScript file. */
export type ModelList = string | readonly string[] | Readonly<Record<string, string>>;

/** A model that is served. */
export class ServedModel {
  readonly name: string;
  readonly slot: Slot;
  /** When it last answered, as `performance.now()` counts. */
  answeredAt = performance.now();
  /** How long it took to load, and to answer a first text. */
  loadSeconds = 0;
  readonly #source: string;
  readonly #options: ClassifierOptions;

  constructor(name: string, source: string, slot: Slot, options: ClassifierOptions = {}) {
    this.name = name;
    this.slot = slot;
    this.#source = source;
    this.#options = options;
  }

  static async load(name: string, source: string, options: ClassifierOptions): Promise<ServedModel> {
    const started = performance.now();
    const model = new ServedModel(name, source, await ModelSlot.load(source, options), options);
    model.loadSeconds = (performance.now() - started) / 1000;
    return model;
  }

  /** Loads the model's files anew beside the model that serves, and swaps. The old one stays when the new one is bad. */
  async reload(): Promise<void> {
    const started = performance.now();
    await this.slot.replace(this.#source, this.#options);
    this.loadSeconds = (performance.now() - started) / 1000;
  }
}

/** All models of a server; the first answers those who name none. */
export class ServedModels implements Iterable<ServedModel> {
  readonly #byName: ReadonlyMap<string, ServedModel>;
  readonly first: ServedModel;

  constructor(models: readonly ServedModel[]) {
    this.#byName = new Map(models.map((model) => [model.name, model]));
    this.first = models[0]!;
  }

  /**
   * Loads all models, one after the other; when one fails, the others are freed.
   *
   * @throws TagformerError as `Classifier.load` does, and `INVALID_OPTION` for no model and for two of one name
   */
  static async load(list: ModelList, options: ClassifierOptions): Promise<ServedModels> {
    const sources = namedSources(list);
    const models: ServedModel[] = [];
    try {
      for (const [name, source] of sources) models.push(await ServedModel.load(name, source, options));
    } catch (error) {
      await Promise.all(models.map(({ slot }) => slot.dispose()));
      throw error;
    }
    return new ServedModels(models);
  }

  /** @throws ServeError 404 for a name that no model has */
  get(name: string | undefined): ServedModel {
    if (name === undefined) return this.first;
    const model = this.#byName.get(name);
    if (model) return model;
    const names = [...this.#byName.keys()];
    const served = names.map((known) => `"${known}"`).join(", ");
    const message = `there is no model "${name}" among ${served}${didYouMean(name, names)}`;
    throw new ServeError("not_found", message, { param: "model" });
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  [Symbol.iterator](): Iterator<ServedModel> {
    return this.#byName.values();
  }

  /** Answers what was asked, and frees all models. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this, ({ slot }) => slot.close()));
  }

  /** Ends all calls, and frees all models. */
  async dispose(): Promise<void> {
    await Promise.all(Array.from(this, ({ slot }) => slot.dispose()));
  }
}

/**
 * The name that a model has when it is given none: its name on the hub, or the last part of its path.
 */
export function nameOfModel(source: string): string {
  const isPath = /^[./~\\]|\\|\.pt$|^[A-Za-z]:/.test(source) || !/^[^/]+\/[^/]+$/.test(source);
  return isPath ? basename(source).replace(/\.pt$/, "") : source.replace(/@.*/, "");
}

function namedSources(list: ModelList): ReadonlyMap<string, string> {
  const isMap = typeof list === "object" && !Array.isArray(list);
  if (isMap) return sourcesByName(Object.entries(list as Readonly<Record<string, string>>));
  const sources = [list as string | readonly string[]].flat();
  return sourcesByName(sources.map((source) => [nameOfModel(source), source]));
}

/** @throws TagformerError `INVALID_OPTION` when there is none, and when two have one name */
export function sourcesByName(pairs: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const [name, source] of pairs) {
    if (sources.has(name)) {
      throw new TagformerError(
        "INVALID_OPTION",
        `two models are called "${name}": ${sources.get(name)} and ${source}; give one another name (--name NAME=MODEL)`,
      );
    }
    sources.set(name, source);
  }
  if (sources.size > 0) return sources;
  throw new TagformerError(
    "INVALID_OPTION",
    "there is no model to serve: name a directory, or a model on the hub",
  );
}
