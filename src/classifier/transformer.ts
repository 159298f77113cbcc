// A transformer or a TorchScript module with its tokenizer, answering for a classifier.

import type { CallOptions } from "../base/cancel.js";
import type { Texts } from "../data/compressed-texts.js";
import type { ExportCheck } from "../native/types.js";
import type { ScoreOptions } from "../options/calls.js";
import { type Explanation, explainText, type Question } from "../predict/explanation.js";
import type { LoadedModel } from "../predict/loaded-model.js";
import {
  type Pending,
  Predictor,
  readingOf,
  type ScoredTexts,
  type WindowOptions,
} from "../predict/predictor.js";
import type { BatchTotals } from "../predict/row-queue.js";
import { type SeenToken, seenTexts, seenTokens } from "../predict/seen-tokens.js";
import { mostTokens } from "../text/tokenizer.js";
import { exportModel } from "./export.js";
import type { ResolvedClassifierOptions } from "./loading-rules.js";
import type { ExportFormat, TextModel } from "./text-model.js";

/** A {@link LoadedModel} that answers. */
export class TransformerModel implements TextModel {
  readonly #loaded: LoadedModel;
  readonly #predictor: Predictor;
  readonly config: TextModel["config"];
  readonly labelNames: readonly string[];
  readonly classifierClass: string;
  readonly precision: TextModel["precision"];
  readonly threads: number;
  readonly device: string;
  readonly deviceNote: string;
  readonly warnings: readonly string[];
  readonly maxLength: number;
  readonly windows: WindowOptions;

  constructor(loaded: LoadedModel, options: ResolvedClassifierOptions) {
    const { info } = loaded.model;
    this.#loaded = loaded;
    this.#predictor = new Predictor(loaded, options, options.maxBatchTokens);
    this.config = loaded.config;
    this.labelNames = loaded.labelNames;
    this.classifierClass = info.classifierClass;
    this.precision = options.precision;
    this.threads = options.threads;
    this.device = info.device;
    this.deviceNote = info.deviceNote;
    this.warnings = info.warnings;
    this.maxLength = loaded.maxLength;
    this.windows = options;
  }

  get pending(): Pending {
    return this.#predictor.pending;
  }

  get totals(): BatchTotals {
    return this.#predictor.totals;
  }

  score(texts: Texts, options: ScoreOptions): Promise<ScoredTexts> {
    return this.#predictor.score(texts, options);
  }

  seenTexts(texts: Texts, signal: AbortSignal | undefined): Promise<string[]> {
    const limit = this.windows.windowStride > 0 ? mostTokens : this.maxLength;
    return seenTexts(this.#loaded.tokenizer, texts, limit, signal);
  }

  tokens(texts: Texts, signal: AbortSignal | undefined): Promise<SeenToken[][]> {
    return seenTokens(this.#loaded.tokenizer, texts, signal);
  }

  explain(text: string, temperature: number, question: Question): Promise<Omit<Explanation, "label">> {
    const { model, tokenizer } = this.#loaded;
    const { maxLength } = this;
    const reading = { ...readingOf(this.windows, maxLength, question.windows), maxLength, temperature };
    return explainText(model, tokenizer, text, reading, question);
  }

  export(
    output: string,
    format: ExportFormat,
    save: (directory: string) => Promise<void>,
    calls: CallOptions,
  ): Promise<ExportCheck | undefined> {
    const { model, tokenizer, config } = this.#loaded;
    return exportModel({ model, tokenizer, config, save }, output, format, calls);
  }

  writeWeights(file: string, calls: CallOptions): Promise<void> {
    return this.#loaded.model.save(file, calls);
  }

  writeTokenizer(directory: string): Promise<void> {
    return this.#loaded.tokenizer.writeFiles(directory);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#loaded.model.dispose(), this.#loaded.tokenizer.dispose()]);
  }
}
