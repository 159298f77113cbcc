// Where a text may be cut so that the tokens of the parts, one after the other, are those of the whole text. That is known
// from what a tokenizer.json is made of; where it is not known, there is no such place.
import { isJsonObject, type JsonObject } from "../model/json-file.js";
import { knownPatterns } from "./regex.js";

/**
 * Which places of a text are cut points of a tokenizer: before a single space between two visible characters, and with some
 * tokenizers before punctuation behind a letter, or before a Chinese character.
 */
export interface CutRules {
  readonly beforePunctuation: boolean;
  readonly beforeIdeographs: boolean;
  /** Characters behind which nothing may be cut: they may end a token that takes the space behind it. */
  readonly notAfter: string;
}

/** What one part of a tokenizer does at the places where texts are cut. */
interface Behaviour {
  /** Splits before every space. */
  readonly space: boolean;
  /** Splits between a letter and punctuation behind it. */
  readonly punctuation: boolean;
  /** Splits around Chinese characters. */
  readonly ideographs: boolean;
  /** Would take away the space that a part of a text begins with. */
  readonly strips: boolean;
  /** Puts a space before a text that begins with none. */
  readonly prefixes: boolean;
}

const nothing: Behaviour = {
  space: false,
  punctuation: false,
  ideographs: false,
  strips: false,
  prefixes: false,
};

const punctuation = ".,;:!?。，、！？；：";
const ideograph = /[\u4e00-\u9fff]/;
/** What no tokenizer takes for a blank, or for a part of what follows, as it does U+0D4E. Not halves of pairs. */
const visible = /^(?!\u0d4e)[!-~\p{L}\p{N}。，、！？；：…”’»）]$/u;
const letter = /^\p{L}$/u;
const letterOrNumber = /^[\p{L}\p{N}]$/u;

/**
 * The cut points of a tokenizer; `null` when none are known.
 *
 * @param document a tokenizer.json
 */
export function cutRulesOf(document: JsonObject): CutRules | null {
  const normalizer = normalizing(document.normalizer);
  const splitting = preTokenizing(document.pre_tokenizer);
  const added = addedTokens(document);
  const model = document.model as JsonObject;
  const isRandom = typeof model.dropout === "number" && model.dropout > 0;
  if (!normalizer || !splitting || !added || isRandom || !splitting.space) return null;
  // What strips the space of a part does no harm where a word gets one anyway; an added token would not.
  if (normalizer.strips && (!splitting.prefixes || /^[\p{L}\p{N}]/mu.test(added.contents))) return null;
  return {
    beforePunctuation:
      splitting.punctuation && !splitting.prefixes && !/[.,;:!?。，、！？；：]/.test(added.contents),
    beforeIdeographs: splitting.ideographs && normalizer.ideographs && !ideograph.test(added.contents),
    notAfter: added.notAfter,
  };
}

/**
 * The last cut point of a text up to a place, or else the first one behind it.
 *
 * @param from cut points lie behind this place
 * @returns `text.length` when there is none
 */
export function findCut(text: string, from: number, place: number, rules: CutRules): number {
  for (let at = Math.min(place, text.length - 1); at > from; at--) if (isCutPoint(text, at, rules)) return at;
  for (let at = Math.max(place, from) + 1; at < text.length; at++) if (isCutPoint(text, at, rules)) return at;
  return text.length;
}

/** Whether a text may be cut before the code unit at a place. */
function isCutPoint(text: string, at: number, rules: CutRules): boolean {
  const [before, next] = [text[at - 1], text[at]];
  if (before === undefined || next === undefined) return false;
  if (next === " ") {
    const after = text[at + 1];
    return (
      after !== undefined &&
      isPlain(before, visible) &&
      isPlain(after, letterOrNumber) &&
      !rules.notAfter.includes(before)
    );
  }
  if (rules.beforePunctuation && punctuation.includes(next)) return isPlain(before, letter);
  return rules.beforeIdeographs && ideograph.test(next) && isPlain(before, letterOrNumber);
}

/** Whether a character is of a class, and no normalization makes a blank of it. */
function isPlain(character: string, kind: RegExp): boolean {
  return kind.test(character) && (character < "\u0080" || !/\s/.test(character.normalize("NFKC")));
}

/** What is known of added tokens; `null` when one might reach across a space. */
function addedTokens({ added_tokens: tokens }: JsonObject): { contents: string; notAfter: string } | null {
  const all = (Array.isArray(tokens) ? tokens : []).filter(isJsonObject);
  const contents = all.map(({ content }) => String(content).normalize("NFKC"));
  if (contents.some((content) => /\s|\u2581/.test(content))) return null;
  const ends = all
    .filter(({ rstrip }) => rstrip === true)
    .map(({ content }) => [...String(content)].at(-1) ?? "");
  const notAfter = ends.flatMap((end) => [end, end.toLowerCase(), end.toUpperCase()]).join("");
  return { contents: contents.join("\n"), notAfter };
}

/** What a normalizer does; `null` for one that may look, or move something, across a cut point. */
function normalizing(part: unknown): Behaviour | null {
  if (part === null || part === undefined) return nothing;
  if (!isJsonObject(part)) return null;
  switch (part.type) {
    case "Sequence":
      return combine(part.normalizers, normalizing);
    case "BertNormalizer":
      return { ...nothing, ideographs: part.handle_chinese_chars !== false };
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
    case "Nmt":
    case "Lowercase":
    case "StripAccents":
      return nothing;
    case "Strip":
      return { ...nothing, strips: part.strip_left !== false };
    case "Replace":
      return replacesInside(part) ? nothing : null;
    case "Precompiled":
      return endsInBlank(part.precompiled_charsmap) ? null : nothing;
    default:
      return null;
  }
}

/** Whether a replacement neither finds nor makes blanks or punctuation, or only shortens several blanks to one. */
function replacesInside({ pattern, content }: JsonObject): boolean {
  if (!isJsonObject(pattern) || typeof content !== "string") return false;
  const blankOrPunctuation = /[\s\u2581.,;:!?。，、！？；：]/;
  if (typeof pattern.String === "string") {
    return pattern.String !== "" && !blankOrPunctuation.test(pattern.String + content);
  }
  return pattern.Regex === " {2,}" && (content === " " || content === "\u2581");
}

/** Whether a table of replacements makes a blank behind something visible. */
function endsInBlank(charsmap: unknown): boolean {
  const bytes = Buffer.from(String(charsmap), "base64");
  const replacements = bytes
    .subarray(4 + bytes.readUInt32LE())
    .toString()
    .split("\0");
  return replacements.some((text) => /\S\s$/u.test(text));
}

/** What a pre-tokenizer does; `null` for one that may look across a cut point. */
function preTokenizing(part: unknown): Behaviour | null {
  if (!isJsonObject(part)) return null;
  switch (part.type) {
    case "Sequence":
      return combine(part.pretokenizers, preTokenizing);
    case "BertPreTokenizer":
      return { ...nothing, space: true, punctuation: true, ideographs: true };
    case "Whitespace":
      return { ...nothing, space: true, punctuation: true };
    case "WhitespaceSplit":
      return { ...nothing, space: true };
    case "Digits":
    case "Punctuation":
      return nothing;
    case "ByteLevel": {
      const splits = part.use_regex !== false;
      return { ...nothing, space: splits, punctuation: splits, prefixes: part.add_prefix_space !== false };
    }
    case "Metaspace": {
      const prefixes = part.prepend_scheme !== "never" && part.add_prefix_space !== false;
      return { ...nothing, space: part.split !== false, prefixes };
    }
    case "Split": {
      const isKnown =
        isJsonObject(part.pattern) &&
        knownPatterns.has(String(part.pattern.Regex)) &&
        part.behavior === "Isolated" &&
        part.invert !== true;
      return isKnown ? { ...nothing, space: true, punctuation: true } : null;
    }
    default:
      return null;
  }
}

/** What parts that follow each other do together; `null` when one of them is not known. */
function combine(parts: unknown, behaviourOf: (part: unknown) => Behaviour | null): Behaviour | null {
  if (!Array.isArray(parts)) return null;
  let all = nothing;
  for (const part of parts) {
    const one = behaviourOf(part);
    if (one === null) return null;
    all = {
      space: all.space || one.space,
      punctuation: all.punctuation || one.punctuation,
      ideographs: all.ideographs || one.ideographs,
      strips: all.strips || one.strips,
      prefixes: all.prefixes || one.prefixes,
    };
  }
  return all;
}
