// Which words a score comes from, token by token.

import type { CallOptions } from "../base/cancel.js";
import { invalidOption } from "../base/errors.js";
import type { NativeModel } from "../native/model.js";
import type { NativeAttribution } from "../native/types.js";
import type { WindowPooling } from "../options/model.js";
import type { RaggedBatch } from "../text/batch.js";
import type { TokenizedText } from "../text/encoder.js";
import type { Tokenizer } from "../text/tokenizer.js";
import type { LengthLimit } from "../text/windows.js";

/** What one token adds to a score. */
export interface TokenContribution {
  /** The token as the vocabulary spells it. */
  readonly token: string;
  /** Where the token begins in the text, in UTF-16 code units. */
  readonly start: number;
  /** Where it ends; the same as `start` where the tokenizer added the token. */
  readonly end: number;
  /** What it adds to the logit of the label, or takes away. */
  readonly contribution: number;
}

/** Why a text has its score for a label. */
export interface Explanation {
  /** The text. */
  readonly text: string;
  /** The label that is explained. */
  readonly label: string;
  /** The probability of {@link Explanation.logit}: `1 / (1 + exp(-logit / temperature))`. */
  readonly probability: number;
  /** What the label's logit is divided by before the sigmoid: a tuned one, or 1. */
  readonly temperature: number;
  /** The score before temperature and sigmoid that is explained: the text's own, over its windows where it has several. */
  readonly logit: number;
  /** The same of the text with every word hidden behind {@link Explanation.baseline}. */
  readonly baselineLogit: number;
  /** The token that stood for a hidden word. */
  readonly baseline: string;
  /**
   * One entry a token that was explained, special tokens included; their contributions sum to `logit - baselineLogit`, but
   * for `error`.
   */
  readonly tokens: readonly TokenContribution[];
  /** Distance of the contributions' sum from the difference of the logits. */
  readonly error: number;
  /** Number of gradients that it took. */
  readonly gradients: number;
  /** Windows in which the text was read; 1 for a text that is not longer than a row. */
  readonly windows: number;
  /**
   * The window that is explained, from 1: where the largest logit of the windows is the text's, no other has a part in it.
   * `null` when all are, because the text's logit is the mean of theirs.
   */
  readonly window: number | null;
  /** Number of tokens that were cut because the text was too long for the model: they are not explained. */
  readonly cut: number;
}

/** How to explain; see `explanationOptions`. */
export interface Question extends CallOptions {
  /** Index of the label. */
  readonly label: number;
  readonly baseline?: string | undefined;
  readonly tolerance: number;
  readonly maxGradients: number;
  /** Reads a long text in windows, or cuts it, whatever the model was loaded to do. */
  readonly windows?: boolean | undefined;
}

/** How the model reads texts, and what it makes of logits. */
interface Reading extends LengthLimit {
  readonly windowPooling: WindowPooling;
  /** Of the label that is explained. */
  readonly temperature: number;
}

/** What the windows of a text give together. */
type Attribution = Pick<Explanation, "logit" | "baselineLogit" | "error" | "gradients" | "tokens" | "window">;

/**
 * What each token adds to the logit of a label.
 *
 * @throws TagformerError `INVALID_OPTION` when the vocabulary has no baseline token
 */
export async function explainText(
  model: NativeModel,
  tokenizer: Tokenizer,
  text: string,
  { temperature, windowPooling, ...limit }: Reading,
  question: Question,
): Promise<Omit<Explanation, "label">> {
  const { baseline, signal } = question;
  const { whole, windows } = await tokenizer.tokenizeWindows(text, limit, baseline, signal);
  if (whole.baseline === null) {
    const problem = baseline === undefined ? "no mask, padding or unknown token" : `no token "${baseline}"`;
    throw invalidOption(`the vocabulary has ${problem}; give a token of it as the baseline`);
  }
  const rows = windows.map((places) => rowOf(whole, places));
  const attribution =
    windowPooling === "mean" && rows.length > 1
      ? await attributeMean(model, whole, rows, question)
      : await attributeOne(model, whole, rows, question);
  return {
    text,
    probability: 1 / (1 + Math.exp(-attribution.logit / temperature)),
    temperature,
    baseline: whole.baseline.token,
    windows: windows.length,
    cut: whole.cut,
    ...attribution,
  };
}

/** A row of the model, as places in the whole text's tokens. */
interface Row {
  readonly places: Int32Array;
  readonly ids: Int32Array;
  readonly types: Int32Array;
  readonly baseline: Int32Array;
}

function rowOf({ ids, types, special, baseline }: TokenizedText, places: Int32Array): Row {
  return {
    places,
    ids: places.map((place) => ids[place]!),
    types: places.map((place) => types[place]!),
    baseline: places.map((place) => (special[place] === 1 ? ids[place]! : baseline!.id)),
  };
}

/** Of the window whose logit is the largest. */
async function attributeOne(
  model: NativeModel,
  whole: TokenizedText,
  rows: readonly Row[],
  question: Question,
): Promise<Attribution> {
  const window = rows.length === 1 ? 0 : await largestWindow(model, rows, question);
  const row = rows[window]!;
  const { contributions, ...found } = await attribute(model, row, question);
  const tokens = Array.from(row.places, (place, i) => tokenAt(whole, place, contributions[i]!));
  return { ...found, tokens, window: window + 1 };
}

async function largestWindow(
  model: NativeModel,
  rows: readonly Row[],
  { label, signal }: Question,
): Promise<number> {
  let best = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (const [window, { ids, types }] of rows.entries()) {
    const logits = await model.predict(batchOf(ids, types), { signal });
    if (logits[label]! <= largest) continue;
    largest = logits[label]!;
    best = window;
  }
  return best;
}

/** Of all windows: the text's logit is the mean of theirs, so that a token adds its mean too. */
async function attributeMean(
  model: NativeModel,
  whole: TokenizedText,
  rows: readonly Row[],
  question: Question,
): Promise<Attribution> {
  const contributions = new Float64Array(whole.ids.length);
  const sums = { logit: 0, baselineLogit: 0, gradients: 0 };
  for (const row of rows) {
    const found = await attribute(model, row, question);
    for (const [i, place] of row.places.entries())
      contributions[place]! += found.contributions[i]! / rows.length;
    sums.logit += found.logit / rows.length;
    sums.baselineLogit += found.baselineLogit / rows.length;
    sums.gradients += found.gradients;
  }
  const total = contributions.reduce((sum, one) => sum + one, 0);
  return {
    ...sums,
    error: Math.abs(total - (sums.logit - sums.baselineLogit)),
    tokens: Array.from(contributions, (contribution, place) => tokenAt(whole, place, contribution)),
    window: null,
  };
}

function attribute(
  model: NativeModel,
  { ids, types, baseline }: Row,
  { label, tolerance, maxGradients, signal }: Question,
): Promise<NativeAttribution> {
  return model.attribute({ ...batchOf(ids, types), baseline, label, tolerance, maxGradients }, { signal });
}

function batchOf(ids: Int32Array, types: Int32Array): RaggedBatch {
  return {
    ids,
    offsets: Int32Array.of(0, ids.length),
    ...(types.some((type) => type !== 0) && { types }),
  };
}

function tokenAt({ tokens, spans }: TokenizedText, place: number, contribution: number): TokenContribution {
  const [start, end] = spans[place]!;
  return { token: tokens[place]!, start, end, contribution };
}

/** Digits after the point that contributions need: three, and more where all of them are small. */
export function contributionDigits(tokens: readonly TokenContribution[]): number {
  const largest = Math.max(...tokens.map(({ contribution }) => Math.abs(contribution)), 0);
  return largest === 0 ? 3 : Math.min(8, Math.max(3, 1 - Math.floor(Math.log10(largest))));
}

/** A sentence about the windows of a text that has several. */
export function describeWindows({ windows, window }: Explanation): string[] {
  if (windows === 1) return [];
  return window === null
    ? [`The text was read in ${windows} windows. Its logit is the mean of theirs, and all are explained.`]
    : [
        `The text was read in ${windows} windows. Its logit is the largest of theirs, that of window ${window}, which is explained.`,
      ];
}
