// What a classifier knows of the directory that it was loaded from, and what it will change there.

import type { CallOptions } from "../base/cancel.js";
import { invalidOption } from "../base/errors.js";
import { requirePath } from "../base/kinds.js";
import type { Texts } from "../data/compressed-texts.js";
import { readCard } from "../model/card.js";
import type { JsonObject } from "../model/json-file.js";
import { saveModelDirectory, updateRecord } from "../model/save.js";
import { countSeen, type KnownTexts, knownTexts, type SeenTexts } from "../model/seen-texts.js";
import { isSameDirectory, weightsVersion } from "../model/version.js";
import type { ModelFiles } from "../predict/loaded-model.js";
import { type DecisionChange, unchangedDecision } from "../report/decision-record.js";
import type { TextModel } from "./text-model.js";

/** The directory of a loaded model, or the TorchScript file, of which nothing is known. */
export class StoredModel {
  /** `null` for a TorchScript file. */
  readonly directory: string | null;
  readonly #tagformer: JsonObject;
  /** Tells the weights that were loaded from others that are in the directory later. */
  #weights: string | null;
  /** What the decision changes in the directory, where it is another than the stored one. */
  #decisionChange: () => Promise<DecisionChange> = async () => unchangedDecision;
  /** The texts of the model's training and of the tuning in use. */
  #known: KnownTexts;

  constructor({ directory, tagformer, weightsVersion: weights }: ModelFiles) {
    this.directory = directory ?? null;
    this.#tagformer = tagformer ?? {};
    this.#weights = weights ?? null;
    this.#known = knownTexts(this.#tagformer);
  }

  /** How many of some texts the model has seen in its training or tuning; `null` when it remembers none. */
  countSeen(texts: Texts): Promise<SeenTexts | null> {
    return countSeen(this.#known, texts);
  }

  /**
   * Notes another decision, to be stored when that is asked for.
   *
   * @param tuning the texts that it was learnt from
   */
  decide(change: () => Promise<DecisionChange>, tuning: KnownTexts["tuning"]): void {
    this.#decisionChange = change;
    this.#known = { ...this.#known, tuning };
  }

  /** Writes the decision into the directory; see `Classifier.saveDecision`. */
  async saveDecision(): Promise<void> {
    if (this.directory === null) {
      throw invalidOption("a TorchScript file has no tagformer.json; save() makes a directory that has one");
    }
    const { fields, changeCard } = await this.#decisionChange();
    await updateRecord(this.directory, { tagformer: fields, card: changeCard, weights: this.#weights });
  }

  /** Saves the whole model; see `Classifier.save`. */
  async save(target: string, model: TextModel, { signal }: CallOptions): Promise<void> {
    requirePath(target, "directory to save to");
    const { fields, changeCard } = await this.#decisionChange();
    const card = await this.#card();
    const saved = {
      config: model.config,
      classifierClass: model.classifierClass,
      labelNames: model.labelNames,
      tagformer: { ...this.#tagformer, ...fields },
      card: card && changeCard(card),
      writeTokenizer: (folder: string) => model.writeTokenizer(folder),
      writeWeights: (file: string) => model.writeWeights(file, { signal }),
    };
    await saveModelDirectory(target, saved, { signal });
    if (this.directory !== null && (await isSameDirectory(target, this.directory)))
      this.#weights = await weightsVersion(target);
  }

  /** The card of the directory, as long as it is the card of this model. */
  async #card(): Promise<string | undefined> {
    if (this.directory === null || (await weightsVersion(this.directory)) !== this.#weights) return undefined;
    return await readCard(this.directory);
  }
}
