// What a bag of words counts in a text: its words, pairs of them, and the characters of what stands between blanks.

/** Shortest and longest run of characters that counts. */
const shortestGram = 2;
const longestGram = 5;

/** Of a text that is longer, so many characters are read. */
export const mostCharacters = 100_000;

/** Letters with their marks, digits and underscores, two at least: scikit-learn's words, and those of Indian scripts. */
const word = /[\p{L}\p{M}\p{N}_]{2,}/gu;
const blanks = /\s+/u;

/** The part of a text that is read, in lower case. */
export function readable(text: string): string {
  return text.slice(0, mostCharacters).toLowerCase();
}

/** Whether a text goes on after what is read of it. */
export function isCut(text: string): boolean {
  return text.length > mostCharacters;
}

/** The words of a {@link readable} text. */
export function wordsOf(text: string): readonly string[] {
  return text.match(word) ?? [];
}

/** What stands between the blanks of a {@link readable} text: words with their punctuation. */
export function chunksOf(text: string): string[] {
  return text.split(blanks).filter((chunk) => chunk !== "");
}

/**
 * Every run of 2 to 5 characters of a chunk with a blank on either side; one that is shorter than a run counts once. These
 * are the grams of scikit-learn's analyzer `char_wb`.
 */
export function* gramsOf(chunk: string): Generator<string> {
  const padded = ` ${chunk} `;
  // A character beyond the basic plane is two units of a string, and one here.
  const characters = hasSurrogates.test(padded) ? Array.from(padded) : null;
  const length = characters?.length ?? padded.length;
  for (let size = shortestGram; size <= longestGram; size++) {
    for (let start = 0; start === 0 || start + size <= length; start++) {
      yield characters?.slice(start, start + size).join("") ?? padded.slice(start, start + size);
    }
    if (length <= size) return;
  }
}

const hasSurrogates = /[\ud800-\udfff]/;
