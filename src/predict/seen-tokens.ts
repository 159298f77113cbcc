// Texts as a model sees them: its tokens, and what they say.
import type { Texts } from "../data/compressed-texts.js";
import { mostTokens, type Tokenizer } from "../text/tokenizer.js";

/** A token of a text. */
export interface SeenToken {
  /** Its number in the vocabulary. */
  readonly id: number;
  /** The token as the vocabulary spells it. */
  readonly token: string;
  /** Where it begins in the text, in UTF-16 code units. */
  readonly start: number;
  /** Where it ends; the same as `start` where the tokenizer added the token. */
  readonly end: number;
  /** Whether the tokenizer puts it around every text. */
  readonly special: boolean;
}

/**
 * The texts put together again from their tokens, without special ones.
 *
 * @param limit tokens of a text that are read
 */
export async function seenTexts(
  tokenizer: Tokenizer,
  texts: Texts,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { ids, offsets } = await tokenizer.encode(texts, limit, signal);
  return Promise.all(
    Array.from({ length: texts.length }, (_, row) =>
      tokenizer.decode(ids.subarray(offsets[row], offsets[row + 1])),
    ),
  );
}

/** All tokens of each text, special ones included; nothing is cut. */
export async function seenTokens(
  tokenizer: Tokenizer,
  texts: Texts,
  signal: AbortSignal | undefined,
): Promise<SeenToken[][]> {
  const result: SeenToken[][] = [];
  for (const text of texts) {
    signal?.throwIfAborted();
    const { ids, tokens, spans, special } = await tokenizer.tokenize(text, mostTokens, undefined, signal);
    const place = (i: number) => ({ start: spans[i]![0], end: spans[i]![1] });
    result.push(
      Array.from(ids, (id, i) => ({ id, token: tokens[i]!, ...place(i), special: special[i] === 1 })),
    );
  }
  return result;
}
