// What callers hand in as texts.

import { invalidData, type TagformerError } from "../base/errors.js";
import { isTexts, type Texts } from "../data/compressed-texts.js";

/** Texts of a call: a list, a Set, a generator or anything else that can be iterated. */
export type TextSource = Texts | Iterable<string>;

/** Texts of a call, be they of a stream. */
export type AnyTexts = string | TextSource | AsyncIterable<string>;

/** {@link textsOf}, for streams too: all of their texts. */
export async function allTextsOf(input: AnyTexts): Promise<Texts> {
  if (!isAsyncSource(input)) return textsOf(input);
  const texts: string[] = [];
  for await (const text of input) texts.push(text);
  return textsOf(texts);
}

/**
 * The texts of a call as a list.
 *
 * @throws TagformerError `INVALID_DATA` that says what was found instead
 */
export function textsOf(input: string | TextSource): Texts {
  if (typeof input === "string") return [input];
  if (typeof input !== "object" || input === null || !(Symbol.iterator in input)) {
    throw invalidData(
      `the texts are ${kindOf(input)}; expected a string, an array of strings, or something else that can be iterated, such as a Set`,
    );
  }
  if (isTexts(input) && !Array.isArray(input)) return input; // its texts are checked as they are unpacked
  const texts = Array.isArray(input) ? (input as readonly string[]) : [...input];
  const bad = texts.findIndex((text) => typeof text !== "string");
  if (bad >= 0) throw notText(texts[bad], bad);
  return texts;
}

/** Whether an input is of texts that come one after the other, such as the lines of a stream. */
export function isAsyncSource(input: unknown): input is AsyncIterable<string> {
  return typeof input === "object" && input !== null && Symbol.asyncIterator in input;
}

/** @throws TagformerError `INVALID_DATA` when a text is not one */
export function requireText(text: unknown, index: number): asserts text is string {
  if (typeof text !== "string") throw notText(text, index);
}

function notText(value: unknown, index: number): TagformerError {
  return invalidData(`text ${index} is ${kindOf(value)}; expected a string`);
}

function kindOf(value: unknown): string {
  return `of type ${typeof value}`;
}
