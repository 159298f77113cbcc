// Which regular expressions of a tokenizer.json can be trusted. Oniguruma, which the Rust library uses, tries every way to
// match, and the library panics after ten million of them.

/** GPT-2's, which its relatives write out. */
export const knownPatterns: ReadonlySet<string> = new Set([
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
]);

const atom = String.raw`(?:\\p\{\w+\}|\\[^\dk]|\[\^?(?:\\p\{\w+\}|\\.|[^\]\\[&])+\]|[^\\[\](){}*+?|^$])`;
const alternative = `${atom}*${atom}(?:[*+?]|\\{\\d{1,3}(?:,\\d{0,3})?\\})?`;
const linear = new RegExp(`^(?:${alternative})(?:\\|(?:${alternative}))*$`, "u");

/** Whether a pattern's matches can be found in one way only: one repetition at most, and nothing behind it. */
export function isLinearPattern(pattern: string): boolean {
  return knownPatterns.has(pattern) || (pattern.length <= 200 && linear.test(pattern));
}
