// Long texts, piece by piece: no request to the tokenizer's thread takes long, a signal ends the work between two, and of
// a text that will be cut no more is read than is needed.
import { type CutRules, findCut } from "./cut-points.js";
import type { EncodedRows, Frame } from "./encoder.js";

/** Characters of a text that is tokenized in one go: ten milliseconds of the tokenizer's time. */
export const shortText = 2 ** 14;
/** Characters of the first piece for each token that is asked for; most languages have fewer. */
const charactersPerToken = 8;

/** What is known of a tokenizer that encodes long texts. */
export interface LongTextEncoder {
  readonly rules: CutRules;
  readonly frame: Frame;
  /** The side of a text that is cut when it is too long. */
  readonly truncationSide: "left" | "right";
  /** The whole row of a text, special tokens included. */
  encode(text: string): Promise<EncodedRows>;
}

/**
 * The row of one long text: exactly the tokens that the whole text has within the limit, on the side that is kept.
 *
 * @param limit longest row, in tokens
 * @throws the reason of the signal
 */
export async function encodeLongText(
  text: string,
  limit: number,
  { rules, frame, truncationSide, encode }: LongTextEncoder,
  signal?: AbortSignal,
  pieceLength = shortText,
): Promise<EncodedRows> {
  const room = limit - frame.before - frame.after;
  const isLeft = truncationSide === "left";
  const inner: Int32Array[] = [];
  let row: Int32Array;
  let found = 0;
  let [first, end] = [0, text.length];
  let length = Math.min(pieceLength, Math.max(limit * charactersPerToken, pieceLength / 16));
  do {
    signal?.throwIfAborted();
    const cut = isLeft
      ? findCutFromEnd(text, end, length, rules)
      : findCut(text, first, first + length, rules);
    row = (await encode(isLeft ? text.slice(cut, end) : text.slice(first, cut))).ids;
    const piece = row.subarray(frame.before, row.length - frame.after);
    if (isLeft) inner.unshift(piece);
    else inner.push(piece);
    found += piece.length;
    if (isLeft) end = cut;
    else first = cut;
    length = pieceLength;
  } while (first < end && found <= room);
  const kept = Math.min(found, room);
  const ids = new Int32Array(frame.before + kept + frame.after);
  ids.set(row.subarray(0, frame.before));
  ids.set(row.subarray(row.length - frame.after), frame.before + kept);
  putTokens(ids.subarray(frame.before, frame.before + kept), inner, isLeft ? found - kept : 0);
  return {
    ids,
    lengths: Int32Array.of(ids.length),
    cut: Int32Array.of(found - kept),
    atLeast: Uint8Array.of(first < end ? 1 : 0),
  };
}

/** A cut point at least `length` before the end, or nearer where there is none; 0 when there is none at all. */
function findCutFromEnd(text: string, end: number, length: number, rules: CutRules): number {
  if (end <= length) return 0;
  const cut = findCut(text, 0, end - length, rules);
  return cut < end ? cut : 0;
}

/** Fills an array with the tokens of all pieces, from token `skip` on. */
function putTokens(target: Int32Array, pieces: readonly Int32Array[], skip: number): void {
  let position = -skip;
  for (const piece of pieces) {
    const begin = Math.max(0, -position);
    const end = Math.min(piece.length, target.length - position);
    if (end > begin) target.set(piece.subarray(begin, end), position + begin);
    position += piece.length;
  }
}
