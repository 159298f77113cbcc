// What answers for a classifier: a transformer with its tokenizer, or a bag of words.

import type { CallOptions } from "../base/cancel.js";
import type { Texts } from "../data/compressed-texts.js";
import type { JsonObject } from "../model/json-file.js";
import type { ExportCheck, Precision } from "../native/types.js";
import type { ScoreOptions } from "../options/calls.js";
import type { Explanation, Question } from "../predict/explanation.js";
import type { Pending, ScoredTexts, WindowOptions } from "../predict/predictor.js";
import type { BatchTotals } from "../predict/row-queue.js";
import type { SeenToken } from "../predict/seen-tokens.js";

/** Formats of an export. */
export type ExportFormat = "torchscript" | "safetensors";

/** A loaded model, as a classifier needs it. */
export interface TextModel {
  /** Its config.json. */
  readonly config: JsonObject;
  readonly labelNames: readonly string[];
  /** transformers' class of such classifiers; empty where there is none. */
  readonly classifierClass: string;
  readonly precision: Precision;
  readonly threads: number;
  /** `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  readonly deviceNote: string;
  /** What its scores look like that a user should know; one sentence each. */
  readonly warnings: readonly string[];
  /** Longest row in tokens. */
  readonly maxLength: number;
  readonly windows: WindowOptions;
  readonly pending: Pending;
  readonly totals: BatchTotals;
  /** Logits of texts, before temperatures. */
  score(texts: Texts, options: ScoreOptions): Promise<ScoredTexts>;
  /** What it reads of each text. */
  seenTexts(texts: Texts, signal: AbortSignal | undefined): Promise<string[]>;
  /** The tokens of each text. */
  tokens(texts: Texts, signal: AbortSignal | undefined): Promise<SeenToken[][]>;
  /** Why a label has its logit. */
  explain(text: string, temperature: number, question: Question): Promise<Omit<Explanation, "label">>;
  /** Writes itself for other programs; `save` writes the whole directory. */
  export(
    output: string,
    format: ExportFormat,
    save: (directory: string) => Promise<void>,
    calls: CallOptions,
  ): Promise<ExportCheck | undefined>;
  writeWeights(file: string, calls: CallOptions): Promise<void>;
  /** Writes the tokenizer's files into a directory. */
  writeTokenizer(directory: string): Promise<void>;
  dispose(): Promise<void>;
}
