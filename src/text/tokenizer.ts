import { invalidData, invalidModel, invalidOption } from "../base/errors.js";
import { chunksOf, type Texts } from "../data/compressed-texts.js";
import type { TextBatch } from "./batch.js";
import { type CutRules, findCut } from "./cut-points.js";
import type { EncodedRows, Frame, TokenizedText } from "./encoder.js";
import { encodeLongText, shortText } from "./long-text.js";
import type { PaddingDescription } from "./padding.js";
import { SecondThread } from "./second-thread.js";
import { putCounts, type TokenCounts, zeroCounts } from "./token-counts.js";
import { TokenizerClient } from "./tokenizer-client.js";
import { copyTokenizerFiles, type TokenizerDescription, type TokenizerPlace } from "./tokenizer-files.js";
import type { LoadedTokenizer } from "./tokenizer-thread.js";
import { cutIntoWindows, type LengthLimit, mostRead } from "./windows.js";

/** Texts that go to the thread at once: enough for its work, few enough that the requests of others have their turn. */
const chunkTexts = 256;
const chunkCharacters = shortText;
/** A text of more characters takes the thread a tenth of a second: one that has to be read whole goes to another thread. */
const veryLongText = 2 ** 17;
/** Row offsets are 32-bit integers: no row is longer, so that a limit of as many is none. */
export const mostTokens = 2 ** 31 - 1;

/** Token rows, and what had to be cut for them. */
export interface EncodedTexts extends TextBatch {
  readonly counts: TokenCounts;
}

/**
 * Turns texts into token ids as the tokenizer of a Hugging Face directory does, with the Rust `tokenizers` library on a
 * thread of its own, which {@link Tokenizer.dispose} ends.
 *
 * Truncation and padding stored in a tokenizer.json are not obeyed. Halves of surrogate pairs, which no UTF-8 file
 * can hold and Python's tokenizers refuse, count as U+FFFD.
 */
export class Tokenizer implements AsyncDisposable {
  readonly #client: TokenizerClient;
  readonly #description: TokenizerDescription;
  readonly #frame: Frame;
  readonly #cutRules: CutRules | null;
  readonly #second: SecondThread;
  /** Largest token id + 1; a model needs at least as many rows in its word embeddings. */
  readonly vocabularySize: number;

  private constructor(client: TokenizerClient, place: TokenizerPlace, loaded: LoadedTokenizer) {
    this.#client = client;
    this.#second = new SecondThread(place);
    this.#description = loaded.description;
    this.#frame = loaded.frame;
    this.#cutRules = loaded.cutRules;
    this.vocabularySize = loaded.vocabularySize;
  }

  /**
   * Loads the tokenizer of a local directory: its tokenizer.json, or the older files of the model type
   * (vocab.txt of BERT, DistilBERT and ELECTRA, vocab.json and merges.txt of RoBERTa).
   *
   * @param modelType `model_type` of the model's config.json, such as `bert`
   * @param signal ends the loading
   * @param tokenTypes whether rows have token types: as the directory says, or none
   * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file; the signal's reason
   */
  static async load(
    directory: string,
    modelType: string,
    signal?: AbortSignal,
    tokenTypes: TokenizerPlace["tokenTypes"] = "tokenizer",
  ): Promise<Tokenizer> {
    const place = { directory, modelType, tokenTypes };
    const { client, loaded } = await TokenizerClient.open(place, signal);
    return new Tokenizer(client, place, loaded);
  }

  /** A tokenizer.json of it, without truncation and padding. */
  json(): Promise<string> {
    return this.#client.json();
  }

  /** The longest row, in tokens, that tokenizer_config.json allows; `null` when it does not say. */
  get modelMaxLength(): number | null {
    return this.#description.maxLength;
  }

  /** How rows are made equally long, for models that need that. */
  get padding(): PaddingDescription {
    return this.#description.padding;
  }

  /**
   * The token rows of texts, special tokens included, each at most `maxLength` tokens long: longer texts lose their
   * end, as with `truncation=True` in transformers, and what is beyond it of a very long one is not tokenized. `types` is absent where a single text is all of one segment.
   *
   * @throws TagformerError `INVALID_OPTION` when `maxLength` leaves no room for the special tokens, `INVALID_DATA`
   * when a text is not a string, or the reason of the signal
   */
  async encode(texts: Texts, maxLength: number, signal?: AbortSignal): Promise<EncodedTexts> {
    this.#checkMaxLength(maxLength);
    const offsets = new Int32Array(texts.length + 1);
    const parts: Int32Array[] = [];
    let row = 0;
    let total = 0;
    const counts = zeroCounts(texts.length);
    for (const chunk of chunksOf(texts, chunkTexts, chunkCharacters)) {
      signal?.throwIfAborted();
      const rows = await this.#encodeChunk(chunk, maxLength, signal);
      putCounts(counts, row, { read: rows.lengths, cut: rows.cut, atLeast: rows.atLeast });
      for (const length of rows.lengths) {
        total += length;
        offsets[++row] = total;
      }
      if (total > mostTokens) throw invalidData(`the texts have over ${mostTokens} tokens`);
      parts.push(rows.ids);
    }
    const types = this.#frame.types && { types: typesOf(offsets, this.#frame) };
    return { ids: concatenate(parts, total), offsets, counts, ...types };
  }

  /**
   * The same, but with a `windowStride` longer texts have several rows instead, as {@link cutIntoWindows} makes them.
   *
   * @throws TagformerError as {@link encode}, and `INVALID_OPTION` when windows would leave tokens out
   */
  async encodeWindows(texts: Texts, limit: LengthLimit, signal?: AbortSignal): Promise<EncodedTexts> {
    const { maxLength, windowStride } = limit;
    if (windowStride === 0) return await this.encode(texts, maxLength, signal);
    this.#checkMaxLength(maxLength);
    const { types: _, counts, ...whole } = await this.encode(texts, readTokens(limit), signal);
    const windows = cutIntoWindows(whole, limit, this.#frame);
    const types = this.#frame.types && { types: typesOf(windows.offsets, this.#frame) };
    return { ...windows, counts, ...types };
  }

  /**
   * One text with the place of each token in it, cut as {@link encode} cuts.
   *
   * @param baseline a token of the vocabulary, to be found
   * @throws TagformerError as {@link encode} does
   */
  async tokenize(
    text: string,
    maxLength: number,
    baseline?: string,
    signal?: AbortSignal,
  ): Promise<TokenizedText> {
    this.#checkMaxLength(maxLength);
    const readable = await this.#readablePart(text, maxLength, signal);
    const tokenized = await this.#client.tokenize(text.slice(0, readable), maxLength, baseline);
    if (readable === text.length) return tokenized;
    const { counts } = await this.encode([text], mostTokens, signal);
    return { ...tokenized, cut: counts.read[0]! - tokenized.ids.length };
  }

  /**
   * One text as {@link encodeWindows} reads it: all of its tokens, and for each window their places among them.
   *
   * @param baseline a token of the vocabulary, to be found
   * @throws TagformerError as {@link encodeWindows} does
   */
  async tokenizeWindows(
    text: string,
    limit: LengthLimit,
    baseline?: string,
    signal?: AbortSignal,
  ): Promise<{ readonly whole: TokenizedText; readonly windows: readonly Int32Array[] }> {
    this.#checkMaxLength(limit.maxLength);
    const whole = await this.tokenize(text, readTokens(limit), baseline, signal);
    const all = Int32Array.from(whole.ids.keys());
    if (limit.windowStride === 0) return { whole, windows: [all] };
    // Windows of places are cut as those of ids are.
    const { ids, offsets } = cutIntoWindows(
      { ids: all, offsets: Int32Array.of(0, all.length) },
      limit,
      this.#frame,
    );
    const windows = Array.from(offsets.subarray(1), (end, i) => ids.subarray(offsets[i]!, end));
    return { whole, windows };
  }

  /** The length of a beginning of a text that has as many tokens as are read, where that may be told. */
  async #readablePart(text: string, maxLength: number, signal: AbortSignal | undefined): Promise<number> {
    const rules = this.#cutRules;
    if (!rules || text.length <= shortText || this.#description.truncationSide === "left") return text.length;
    for (let length = shortText; ; length *= 2) {
      const cut = findCut(text, 0, length, rules);
      const { counts } = await this.encode([text.slice(0, cut)], maxLength, signal);
      if (cut === text.length || counts.cut[0]! > 0) return cut;
    }
  }

  /** The text that token ids stand for, without special tokens. */
  async decode(ids: ArrayLike<number>): Promise<string> {
    return this.#client.decode(Array.from(ids));
  }

  /**
   * Checks that every token has a row in a model's word embeddings: an id beyond them would be refused only when it
   * first occurs.
   *
   * @throws TagformerError `INVALID_MODEL`
   */
  checkFits(vocabularySize: number): void {
    if (this.vocabularySize <= vocabularySize) return;
    const problem = `has ${this.vocabularySize} tokens, but vocab_size in config.json is ${vocabularySize}`;
    throw invalidModel(`the tokenizer ${problem}: they do not belong together`);
  }

  /**
   * Writes this tokenizer's files into a directory, so that this class and every version of transformers load the same
   * from it.
   *
   * @param maxLength longest row of the model, which a lower `model_max_length` is raised to
   * @throws the errors of `node:fs`
   */
  async writeFiles(directory: string, maxLength = 0): Promise<void> {
    await copyTokenizerFiles(this.#description, directory, maxLength, () => this.json());
  }

  /** Ends the thread; calls that wait are rejected as `DISPOSED`. */
  async dispose(): Promise<void> {
    await Promise.all([this.#client.close(), this.#second.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** A long text is a chunk of its own. */
  #encodeChunk(chunk: string[], maxLength: number, signal: AbortSignal | undefined): Promise<EncodedRows> {
    const [first, ...others] = chunk as [string, ...string[]];
    if (others.length > 0 || first.length <= shortText) return this.#client.encode(chunk, maxLength);
    const rules = this.#cutRules;
    if (!rules) return this.#encodePiece(first, maxLength, signal);
    const encode = (text: string) => this.#encodePiece(text, mostTokens, signal);
    const { truncationSide } = this.#description;
    return encodeLongText(first, maxLength, { rules, frame: this.#frame, truncationSide, encode }, signal);
  }

  #encodePiece(text: string, maxLength: number, signal: AbortSignal | undefined): Promise<EncodedRows> {
    return text.length > veryLongText
      ? this.#second.encode(text, maxLength, signal)
      : this.#client.encode([text], maxLength);
  }

  #checkMaxLength(maxLength: number): void {
    const least = Math.max(this.#frame.before + this.#frame.after, 1);
    if (Number.isInteger(maxLength) && maxLength >= least) return;
    const expected = `expected a whole number of at least ${least}, for the special tokens`;
    throw invalidOption(`maxLength is ${maxLength}; ${expected}`);
  }
}

/** The segments of rows in a frame that has several: the text's own between those of the special tokens. */
function typesOf(offsets: Int32Array, { before, after, types = [] }: Frame): Int32Array {
  const result = new Int32Array(offsets[offsets.length - 1]!).fill(types[before] ?? 0);
  for (let row = 0; row + 1 < offsets.length; row++) {
    result.set(types.slice(0, before), offsets[row]!);
    result.set(types.slice(types.length - after), offsets[row + 1]! - after);
  }
  return result;
}

function concatenate(parts: readonly Int32Array[], total: number): Int32Array {
  const whole = new Int32Array(total);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** Tokens of a text that are read, as a number that tokenizers take. */
function readTokens(limit: LengthLimit): number {
  return Math.min(mostTokens, mostRead(limit));
}
