// The Rust `tokenizers` library. It works for tens of milliseconds at a time when it reads a vocabulary, so it runs on a
// thread of its own: see tokenizer-thread.ts.
import { type Encoding, Tokenizer as RustTokenizer } from "tokenizers";
import { invalidModel, messageOf, type TagformerError } from "../base/errors.js";
import type { JsonObject } from "../model/json-file.js";
import { type CutRules, cutRulesOf } from "./cut-points.js";
import { hasTokenTypes } from "./input-names.js";
import { readTokenizerFiles, type TokenizerDescription, type TokenizerPlace } from "./tokenizer-files.js";

/** Token rows of some texts, one after the other. */
export interface EncodedRows {
  readonly ids: Int32Array;
  /** Number of tokens of each text. */
  readonly lengths: Int32Array;
  /** Number of tokens that each text lost because it was longer than its limit. */
  readonly cut: Int32Array;
  /** 1 where `cut` is only a lower bound. */
  readonly atLeast: Uint8Array;
}

/** One text, token by token: everything `[tokens]`. */
export interface TokenizedText {
  readonly ids: Int32Array;
  readonly types: Int32Array;
  /** The tokens as the vocabulary spells them. */
  readonly tokens: readonly string[];
  /** Where each token stands in the text, in UTF-16 code units; the end is excluded. Empty for special tokens. */
  readonly spans: readonly (readonly [start: number, end: number])[];
  /** 1 for tokens that the tokenizer puts around every text. */
  readonly special: Uint8Array;
  /** Number of tokens that the text lost because it was longer than the limit. */
  readonly cut: number;
  /** The token that stands for a word that is not known, and its id: the one asked for, or the vocabulary's own. */
  readonly baseline: { readonly token: string; readonly id: number } | null;
}

/** How many special tokens the tokenizer puts before and after a single text. */
export interface Frame {
  readonly before: number;
  readonly after: number;
  /** Segments of the special tokens and the one token between them, where they are not all the same: XLNet's. */
  readonly types?: readonly number[];
}

/** What the vocabularies of the architectures call a hidden word, or else a word that is not there or not known. */
const baselineTokens = ["[MASK]", "<mask>", "[PAD]", "<pad>", "[UNK]", "<unk>"];

/** Turns texts into token ids on the thread that calls it. */
export class Encoder {
  readonly #rust: RustTokenizer;
  readonly #place: TokenizerPlace;
  readonly description: TokenizerDescription;
  readonly frame: Frame;
  /** Largest token id + 1. */
  readonly vocabularySize: number;
  /** Where long texts may be cut; `null` where that is not known. */
  readonly cutRules: CutRules | null;

  private constructor(
    rust: RustTokenizer,
    place: TokenizerPlace,
    description: TokenizerDescription,
    probe: Encoding,
    vocabularySize: number,
    cutRules: CutRules | null,
  ) {
    this.#rust = rust;
    this.#place = place;
    this.description = description;
    this.frame = readFrame(probe, hasTokenTypes(description.inputNames));
    this.vocabularySize = vocabularySize;
    this.cutRules = cutRules;
  }

  /** @throws TagformerError `INVALID_MODEL` or `IO`, naming the file */
  static async load(place: TokenizerPlace): Promise<Encoder> {
    const { description, document, json } = await readTokenizerFiles(place);
    try {
      const rust = RustTokenizer.fromString(json);
      const known = sizeOfVocabulary(rust, document); // while the library's threads may have to wait: see warmUp
      const [probe] = await rust.encodeBatch(["a"], { addSpecialTokens: true });
      // A post-processor may add ids that are not in the vocabulary.
      const size = Math.max(known, ...probe!.getIds().map((id) => id + 1));
      return new Encoder(rust, place, description, probe!, size, cutRulesOf(document));
    } catch (error) {
      throw unusable(place.directory, error);
    }
  }

  /** A tokenizer.json; read again, because it is rarely needed and may have tens of megabytes. */
  async json(): Promise<string> {
    return this.description.generated ?? (await readTokenizerFiles(this.#place)).json;
  }

  /**
   * @param limit longest row, in tokens
   * @throws TagformerError `INVALID_MODEL` when the library fails
   */
  async encode(texts: string[], limit: number): Promise<EncodedRows> {
    const whole = await this.#rows(texts);
    const rows = whole.map((ids) => this.#truncate(ids, limit));
    return {
      ids: Int32Array.from(rows.flat()),
      lengths: Int32Array.from(rows, (ids) => ids.length),
      cut: Int32Array.from(rows, (ids, row) => whole[row]!.length - ids.length),
      atLeast: new Uint8Array(texts.length),
    };
  }

  /**
   * One text with the place of each token.
   *
   * @param baseline a token of the vocabulary; by default the mask token, or another that says little
   * @throws TagformerError `INVALID_MODEL` when the library fails
   */
  async tokenize(text: string, limit: number, baseline?: string): Promise<TokenizedText> {
    const encoding = await this.#encoding(text);
    const all = encoding.getIds();
    const places = this.#truncate([...all.keys()], limit);
    const pick = <T>(values: readonly T[]) => places.map((place) => values[place]!);
    const units = utf16Offsets(text);
    const special = pick(encoding.getSpecialTokensMask());
    return {
      ids: Int32Array.from(pick(all)),
      types: this.frame.types ? Int32Array.from(pick(encoding.getTypeIds())) : new Int32Array(places.length),
      tokens: pick(encoding.getTokens()),
      spans: pick(encoding.getOffsets()).map(([start, end], i) =>
        special[i] ? [0, 0] : [units[start!]!, units[end!]!],
      ),
      special: Uint8Array.from(special),
      cut: all.length - places.length,
      baseline: this.#baseline(baseline === undefined ? baselineTokens : [baseline]),
    };
  }

  /** The text that token ids stand for, without special tokens. */
  decode(ids: ArrayLike<number>): Promise<string> {
    return this.#rust.decode(Array.from(ids), true);
  }

  async #encoding(text: string): Promise<Encoding> {
    try {
      const [encoding] = await this.#rust.encodeBatch([text], { addSpecialTokens: true });
      return encoding!;
    } catch (error) {
      throw unusable(this.description.directory, error);
    }
  }

  #baseline(candidates: readonly string[]): { token: string; id: number } | null {
    for (const token of candidates) {
      const id = this.#rust.tokenToId(token);
      if (id !== null) return { token, id };
    }
    return null;
  }

  async #rows(texts: string[]): Promise<number[][]> {
    try {
      const encodings = await this.#rust.encodeBatch(texts, { addSpecialTokens: true });
      return encodings.map((encoding) => encoding.getIds());
    } catch (error) {
      throw unusable(this.description.directory, error);
    }
  }

  /** Cuts the text between the special tokens: `[CLS] a b c [SEP]` at 4 becomes `[CLS] a b [SEP]`. */
  #truncate(ids: number[], limit: number): number[] {
    const excess = ids.length - limit;
    if (excess <= 0) return ids;
    const { before, after } = this.frame;
    return ids.toSpliced(
      this.description.truncationSide === "left" ? before : ids.length - after - excess,
      excess,
    );
  }
}

/**
 * Does for the first time what takes the lock of the system's linker: a thread of Rust's asks it to destroy something at the
 * thread's end. A thread that links libtorch holds that lock for a fifth of a second.
 */
export function warmUp(): void {
  const model = { type: "WordLevel", vocab: { a: 0 }, unk_token: "a" };
  RustTokenizer.fromString(JSON.stringify({ version: "1.0", added_tokens: [], model }));
}

/** Largest id + 1. The library would hand out the vocabulary once more, which takes longer than to read it. */
function sizeOfVocabulary(rust: RustTokenizer, { model, added_tokens: added }: JsonObject): number {
  const { vocab } = model as JsonObject;
  let size = 0;
  if (Array.isArray(vocab)) size = vocab.length;
  else for (const id of Object.values(vocab as Record<string, number>)) size = Math.max(size, id + 1);
  for (const { content } of (added ?? []) as readonly { readonly content: string }[]) {
    size = Math.max(size, (rust.tokenToId(content) ?? -1) + 1);
  }
  return size;
}

/** The frame of an encoded text of one word. */
function readFrame(probe: Encoding, hasTypes: boolean): Frame {
  const special = probe.getSpecialTokensMask();
  const first = special.indexOf(0);
  if (first < 0) throw new Error('it has no token for the text "a", not even an unknown token');
  const after = special.length - 1 - special.lastIndexOf(0);
  const types = hasTypes ? probe.getTypeIds() : [];
  return { before: first, after, ...(types.some((type) => type !== 0) && { types }) };
}

/** Where each code point begins in a JavaScript string, and its end: the library counts code points. */
function utf16Offsets(text: string): number[] {
  const offsets = [0];
  for (const character of text) offsets.push(offsets.at(-1)! + character.length);
  return offsets;
}

function unusable(directory: string, error: unknown): TagformerError {
  const problem = `the tokenizer of ${directory} cannot be used: ${messageOf(error)}`;
  return invalidModel(problem, error);
}
