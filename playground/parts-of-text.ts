// A text in parts: what each token adds, what lies between tokens, and what was cut.
import type { Contribution } from "./server.js";

export interface Part {
  readonly text: string;
  /** What the part adds to the logit; `null` between tokens and where nothing was read. */
  readonly contribution: number | null;
  /** The model did not read it. */
  readonly cut: boolean;
}

/**
 * The parts of a text, which make it up from end to end. Characters that several tokens share belong to the first.
 *
 * @param cut tokens were cut: what stands behind the last one was not read
 */
export function partsOf(text: string, tokens: readonly Contribution[], cut: boolean): Part[] {
  const parts: Part[] = [];
  let place = 0;
  const add = (end: number, contribution: number | null, unread = false) => {
    if (end > place) parts.push({ text: text.slice(place, end), contribution, cut: unread });
    place = Math.max(place, end);
  };
  for (const { start, end, contribution } of tokens.toSorted((a, b) => a.start - b.start)) {
    if (end <= place) continue;
    add(start, null);
    add(end, contribution);
  }
  add(text.length, null, cut);
  return parts;
}
