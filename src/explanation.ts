// Which words a score comes from, token by token.
import { TagformerError } from "./errors.js";
import type { NativeModel } from "./native/model.js";
import type { CallOptions } from "./native/types.js";
import type { TokenizedText } from "./text/encoder.js";

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
  /** Its probability, as {@link Classifier.probabilities} gives it. */
  readonly probability: number;
  /** Its score before the sigmoid, of the text as it was explained. */
  readonly logit: number;
  /** The same of the text with every word hidden behind {@link Explanation.baseline}. */
  readonly baselineLogit: number;
  /** The token that stood for a hidden word. */
  readonly baseline: string;
  /** One entry a token, special tokens included; their contributions sum to `logit - baselineLogit`, but for `error`. */
  readonly tokens: readonly TokenContribution[];
  /** Distance of the contributions' sum from the difference of the logits. */
  readonly error: number;
  /** Number of gradients that it took. */
  readonly gradients: number;
  /** Number of tokens that were cut because the text was too long for the model: they are not explained. */
  readonly cut: number;
}

/** How to explain; see `explanationOptions`. */
interface Question extends CallOptions {
  /** Index of the label. */
  readonly label: number;
  readonly baseline?: string | undefined;
  readonly tolerance: number;
  readonly maxGradients: number;
}

/**
 * What each token adds to the logit of a label.
 *
 * @throws TagformerError `INVALID_OPTION` when the vocabulary has no baseline token
 */
export async function explainLogit(
  model: NativeModel,
  text: TokenizedText,
  { label, baseline, tolerance, maxGradients, signal }: Question,
): Promise<Omit<Explanation, "text" | "label" | "probability">> {
  const { ids, types, special, tokens, spans, cut } = text;
  if (text.baseline === null) {
    const problem = baseline === undefined ? "no mask, padding or unknown token" : `no token "${baseline}"`;
    throw new TagformerError(
      "INVALID_OPTION",
      `the vocabulary has ${problem}; give a token of it as the baseline`,
    );
  }
  const { token, id } = text.baseline;
  const result = await model.attribute(
    {
      ids,
      offsets: Int32Array.of(0, ids.length),
      ...(types.some((type) => type !== 0) && { types }),
      baseline: ids.map((own, i) => (special[i] === 1 ? own : id)),
      label,
      tolerance,
      maxGradients,
    },
    { signal },
  );
  const { contributions, logit, baselineLogit, error, gradients } = result;
  return {
    logit,
    baselineLogit,
    baseline: token,
    tokens: tokens.map((name, i) => ({
      token: name,
      start: spans[i]![0],
      end: spans[i]![1],
      contribution: contributions[i]!,
    })),
    error,
    gradients,
    cut,
  };
}

/** Digits after the point that contributions need: three, and more where all of them are small. */
export function contributionDigits(tokens: readonly TokenContribution[]): number {
  const largest = Math.max(...tokens.map(({ contribution }) => Math.abs(contribution)), 0);
  return largest === 0 ? 3 : Math.min(8, Math.max(3, 1 - Math.floor(Math.log10(largest))));
}
