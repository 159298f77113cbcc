// Who is let in: a request that would wait for too long is refused before anything is done for it.
import type { Pending } from "../predict/predictor.js";
import { ServeError } from "./errors.js";

/** Characters of a token, about, of texts in most languages. */
const charactersOfToken = 4;
/** Nobody is asked to come again sooner, or later. */
const soonest = 50;
const latest = 60_000;

/**
 * Milliseconds that a call has waited before a predicted wait is believed: after a pause the speed is that of a few short rows
 * alone, which take far longer a token than full batches do.
 */
const proven = 1000;

/** What a request will cost. */
export interface Cost {
  readonly texts: readonly string[];
  /** Tokens of a text that are read at most. */
  readonly maxTokens: number;
  /** Milliseconds until it has to be answered. */
  readonly timeLeft: number;
}

/** About how many tokens of some texts a model will read. */
function estimateTokens(texts: readonly string[], maxTokens: number): number {
  let tokens = 0;
  for (const { length } of texts) tokens += Math.min(2 + Math.ceil(length / charactersOfToken), maxTokens);
  return tokens;
}

/**
 * Refuses a request for which there is no room in the queue of a model, or no time. An idle model takes any request.
 *
 * @throws ServeError `overloaded`, with the headers that tell clients when to come again
 */
export function admit(pending: Pending, maxQueueTokens: number, { texts, maxTokens, timeLeft }: Cost): void {
  if (pending.tokens === 0) return;
  const tokens = estimateTokens(texts, maxTokens);
  const perToken = pending.wait / pending.tokens;
  const tooMany = pending.tokens + tokens - maxQueueTokens;
  const tooLate = pending.oldest < proven ? 0 : pending.wait + tokens * perToken - timeLeft;
  if (tooMany > 0 || tooLate > 0) throw overloaded(Math.max(tooMany * perToken, tooLate));
}

/** @param wait milliseconds after which there will be room */
export function overloaded(wait: number): ServeError {
  const milliseconds = Math.ceil(Math.min(Math.max(wait, soonest), latest));
  return new ServeError("overloaded", "Model is overloaded", {
    headers: {
      "retry-after": String(Math.ceil(milliseconds / 1000)),
      "retry-after-ms": String(milliseconds),
    },
  });
}
