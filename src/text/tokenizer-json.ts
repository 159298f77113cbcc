// What the Rust library takes for granted in a tokenizer.json. `tokenizers` 0.23 panics where it is not so, and a panic
// ends the whole process, so everything that is known to make it panic is refused before.
import { invalidModel, messageOf } from "../base/errors.js";
import { isJsonObject, type JsonObject } from "../model/json-file.js";
import { checkCharsmap } from "./charsmap.js";
import { isLinearPattern } from "./regex.js";

/** Deeper documents than any tokenizer are refused: recursion over them would run out of stack. */
const maxDepth = 100;

/**
 * Checks a tokenizer.json before the Rust library sees it.
 *
 * @throws TagformerError `INVALID_MODEL`, naming `file`
 */
export function checkTokenizerJson(document: JsonObject, file: string): void {
  try {
    if (!isJsonObject(document.model))
      throw new Error('has no object "model"; it is not a tokenizer of Hugging Face');
    const { vocab: _, merges: __, ...model } = document.model;
    checkIds(document.model);
    checkMerges(document.model);
    for (const part of objectsIn({ ...document, model })) checkPart(part);
  } catch (error) {
    throw invalidModel(`${file} ${messageOf(error)}`, error);
  }
}

/** Every object of a document, however deep. */
function* objectsIn(value: unknown, depth = 0): Generator<JsonObject> {
  if (depth > maxDepth) throw new Error(`is nested more than ${maxDepth} levels deep`);
  if (isJsonObject(value)) yield value;
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) yield* objectsIn(part, depth + 1);
  }
}

/** The library knows most parts by their fields, whatever their type says, and so does this. */
function checkPart(part: JsonObject): void {
  if (typeof part.Regex === "string" && !isLinearPattern(part.Regex)) {
    throw new Error(
      `searches with the pattern ${JSON.stringify(part.Regex)}, which may take for ever; plain characters and classes with one repetition at the end are taken, such as " {2,}"`,
    );
  }
  if (part.type === "Precompiled" || "precompiled_charsmap" in part) checkCharsmap(part.precompiled_charsmap);
  if ("length" in part && !(Number.isInteger(part.length) && (part.length as number) > 0)) {
    throw new Error(
      `cuts texts into pieces of ${JSON.stringify(part.length)} characters; expected 1 or more`,
    );
  }
  if ("single" in part || "special_tokens" in part) checkTemplate(part);
}

/** A template may name only special tokens that it defines, and that for single texts only the one text. */
function checkTemplate({ single, pair, special_tokens: defined }: JsonObject): void {
  const pieces = [single, pair].flat().filter(isJsonObject);
  const undefinedToken = pieces
    .map((piece) => (isJsonObject(piece.SpecialToken) ? piece.SpecialToken.id : null))
    .find((id) => id !== null && !(isJsonObject(defined) && Object.hasOwn(defined, String(id))));
  if (undefinedToken !== undefined) {
    const problem = `post_processor puts ${JSON.stringify(undefinedToken)} around texts`;
    throw new Error(`${problem}, but its special_tokens do not define it`);
  }
  const second = [single]
    .flat()
    .find((piece) => isJsonObject(piece) && isJsonObject(piece.Sequence) && piece.Sequence.id !== "A");
  if (second !== undefined)
    throw new Error("post_processor asks for a second text where there is a single one");
}

/** The library would take either of two tokens for the other, as in a vocabulary that was edited by hand. */
function checkIds({ vocab }: JsonObject): void {
  if (!isJsonObject(vocab)) return;
  const ids = Object.values(vocab);
  if (new Set(ids).size === ids.length) return;
  const owners = new Map<unknown, string>();
  for (const [token, id] of Object.entries(vocab)) {
    const other = owners.get(id);
    if (other === undefined) owners.set(id, token);
    else
      throw new Error(
        `is damaged: its tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} have the same id, ${id}`,
      );
  }
}

/** What two tokens merge into has to be a token, and the second has to be long enough to lose its prefix. */
function checkMerges({ type, vocab, merges, continuing_subword_prefix: prefix }: JsonObject): void {
  if ((type !== undefined && type !== "BPE") || !isJsonObject(vocab) || !Array.isArray(merges)) return;
  const cut = typeof prefix === "string" ? Buffer.byteLength(prefix) : 0;
  for (const merge of merges) {
    const [first, second] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (typeof first !== "string" || typeof second !== "string") continue; // the library refuses it by itself
    const merged = cut === 0 ? first + second : first + Buffer.from(second).subarray(cut).toString();
    if (Object.hasOwn(vocab, merged) && Buffer.byteLength(second) >= cut) continue;
    throw new Error(`merges ${JSON.stringify(first)} and ${JSON.stringify(second)}, which is no token of it`);
  }
}
