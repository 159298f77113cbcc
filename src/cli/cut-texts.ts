// The last line of every command that reads texts with a model.
import { counted } from "../base/counted.js";
import { countCutTexts, type TokenCounts } from "../text/token-counts.js";
import { note } from "./terminal.js";

/** How many texts a command has read, and how many of them were cut. */
export interface CutTexts {
  readonly texts: number;
  readonly cut: number;
  /** Longest row in tokens. */
  readonly maxLength: number;
}

/** Counts them. */
export function cutTextsOf(counts: TokenCounts, maxLength: number): CutTexts {
  return { texts: counts.cut.length, cut: countCutTexts(counts), maxLength };
}

/**
 * Says that texts were cut, and at which length; nothing when none was.
 *
 * @param model which model, where a command has several
 */
export function noteCutTexts({ texts, cut, maxLength }: CutTexts, model?: string): void {
  if (cut === 0) return;
  const found =
    texts === 1 ? "the text was" : `${cut} of ${counted(texts, "text")} ${cut === 1 ? "was" : "were"}`;
  const by = model === undefined ? "" : `${model}: `;
  note(
    `${by}${found} cut at ${maxLength} tokens; --max-length reads more of a text where the model can, --window-stride all of it`,
  );
}
