// Long texts as several rows.
import { invalidOption } from "../base/errors.js";
import type { RaggedBatch, TextBatch } from "./batch.js";

/** How long a row may be. */
export interface LengthLimit {
  /** Longest row in tokens, special tokens included. */
  readonly maxLength: number;
  /** Tokens from one window's start to the next, for texts that are longer; 0: they are cut. */
  readonly windowStride: number;
  /** Most windows of a text, of which the rest is cut; 0 or absent: as many as it takes. */
  readonly maxWindows?: number;
}

/** How many tokens of a text are read at most, special tokens included; infinite where windows read all of it. */
export function mostRead({ maxLength, windowStride, maxWindows = 0 }: LengthLimit): number {
  if (windowStride === 0) return maxLength;
  return maxWindows === 0 ? Number.POSITIVE_INFINITY : maxLength + (maxWindows - 1) * windowStride;
}

/** Texts of which the long ones have several rows. */
export interface WindowedTexts extends TextBatch {
  readonly texts: Int32Array;
}

/** Special tokens before and after a text. */
interface SpecialTokens {
  readonly before: number;
  readonly after: number;
}

/**
 * Cuts texts that are longer than `maxLength` into windows of that length, which begin every `windowStride` tokens of the
 * text, each with the special tokens around it. The last one ends where the text does, so that none is short.
 *
 * @param whole a row for each text, special tokens included; its segments are left out
 * @throws TagformerError `INVALID_OPTION` when the stride is so long that tokens between two windows would be lost
 */
export function cutIntoWindows(
  { ids, offsets }: RaggedBatch,
  { maxLength, windowStride }: LengthLimit,
  { before, after }: SpecialTokens,
): WindowedTexts {
  const room = maxLength - before - after;
  if (windowStride > room) {
    const problem = `windowStride is ${windowStride}, but a window of ${maxLength} tokens holds ${room} of the text`;
    throw invalidOption(`${problem}: the tokens between windows would be lost`);
  }
  const texts = new Int32Array(offsets.length);
  const rows: Int32Array[] = [];
  for (let text = 0; text + 1 < offsets.length; text++) {
    const row = ids.subarray(offsets[text]!, offsets[text + 1]!);
    for (const start of starts(row.length - maxLength, windowStride)) {
      rows.push(windowAt(row, start, { before, after }, Math.min(room, row.length - before - after)));
    }
    texts[text + 1] = rows.length;
  }
  return { ...joinRows(rows), texts };
}

/** Where the windows of a text begin that is `excess` tokens too long. */
function starts(excess: number, stride: number): number[] {
  if (excess <= 0) return [0];
  const all: number[] = [];
  for (let start = 0; start < excess; start += stride) all.push(start);
  return [...all, excess];
}

function windowAt(
  row: Int32Array,
  start: number,
  { before, after }: SpecialTokens,
  length: number,
): Int32Array {
  const window = new Int32Array(before + length + after);
  window.set(row.subarray(0, before));
  window.set(row.subarray(before + start, before + start + length), before);
  window.set(row.subarray(row.length - after), before + length);
  return window;
}

function joinRows(rows: readonly Int32Array[]): RaggedBatch {
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) offsets[i + 1] = offsets[i]! + row.length;
  const ids = new Int32Array(offsets[rows.length]!);
  for (const [i, row] of rows.entries()) ids.set(row, offsets[i]!);
  return { ids, offsets };
}
