// SentencePiece's precompiled_charsmap: a trie of what is replaced, and the texts that replace it. The Rust crate
// spm_precompiled 0.1.4 (src/lib.rs) follows it without looking where it leads.
import { isUtf8 } from "node:buffer";

/** The units of a Darts double-array trie, as that crate reads their bits. */
const labelOf = (unit: number) => unit & 0x800000ff;
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
const hasLeaf = (unit: number) => (unit & 0x100) !== 0;
const replacementOf = (unit: number) => unit & 0x7fffffff;

/**
 * Checks that no text can lead out of the trie or of the replacements.
 *
 * @throws Error that says what is wrong
 */
export function checkCharsmap(charsmap: unknown): void {
  if (typeof charsmap !== "string" || !isBase64(charsmap)) throw damaged("it is not base64");
  const bytes = Buffer.from(charsmap, "base64");
  const trieBytes = bytes.length < 4 ? 0 : bytes.readUInt32LE();
  if (trieBytes < 4 || trieBytes > bytes.length - 4) throw damaged("its trie has an impossible size");
  const count = Math.floor(trieBytes / 4);
  const replacements = bytes.subarray(4 + 4 * count);
  if (!isUtf8(replacements)) throw damaged("its replacements are not UTF-8");
  const trie = Uint32Array.from({ length: count }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  checkTrie(trie, replacements);
}

/** Goes every way that some text takes. */
function checkTrie(trie: Uint32Array, replacements: Buffer): void {
  const seen = new Uint8Array(trie.length);
  const open = [offsetOf(trie[0]!)];
  for (let base = open.pop(); base !== undefined; base = open.pop()) {
    if ((base | 0xff) >= trie.length) throw damaged("its trie leads nowhere");
    if (seen[base]) continue;
    seen[base] = 1;
    for (let byte = 1; byte < 256; byte++) {
      const node = (base ^ byte) >>> 0;
      const unit = trie[node]!;
      if (labelOf(unit) !== byte) continue;
      const next = (node ^ offsetOf(unit)) >>> 0;
      if (hasLeaf(unit) && !isStart(replacementOf(trie[next] ?? 0xffffffff), replacements)) {
        throw damaged("its trie leads to no replacement");
      }
      open.push(next);
    }
  }
}

/** Whether a replacement may begin at a byte: at a character, or at the end. */
function isStart(position: number, replacements: Buffer): boolean {
  return position === replacements.length || (replacements[position] ?? 0x80) >>> 6 !== 0b10;
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function damaged(problem: string): Error {
  return new Error(`has a damaged precompiled_charsmap: ${problem}`);
}
