// A model that answers: texts of many callers in, logits out.
import { untilAborted } from "../base/cancel.js";
import { TagformerError } from "../base/errors.js";
import type { Texts } from "../data/compressed-texts.js";
import type { ResolvedModelOptions } from "../options/model.js";
import { sliceTexts } from "../text/plan.js";
import { putCounts, sliceCounts, type TokenCounts, zeroCounts } from "../text/token-counts.js";
import type { EncodedTexts } from "../text/tokenizer.js";
import { type InferenceOptions, logitsOfPart, Progress } from "./encoded-texts.js";
import { charactersOf, JointTokenization, requestCharacters, requestTexts } from "./joint-tokenization.js";
import type { LoadedModel } from "./loaded-model.js";
import { type BatchTotals, RowQueue } from "./row-queue.js";
import { type CallTimes, Ticket } from "./ticket.js";

/** What becomes of texts that are longer than the longest row. */
export type WindowOptions = Pick<ResolvedModelOptions, "windowStride" | "maxWindows" | "windowPooling">;

/** What is known of some texts. */
export interface ScoredTexts {
  /** Before temperatures and sigmoid, `[texts * labels]`, row-major. */
  readonly logits: Float32Array;
  readonly counts: TokenCounts;
  readonly times: CallTimes;
}

/** A call of {@link Predictor.score}. */
interface ScoreCall extends InferenceOptions {
  /** `false` refuses a text that would be cut, before anything is computed. */
  readonly truncate?: boolean | undefined;
  /** Reads long texts in windows, or cuts them, whatever the model was loaded to do. */
  readonly windows?: boolean | undefined;
}

/** What waits for an answer of a model. */
export interface Pending {
  /** Rows that wait or are being computed: texts, or windows of them. Those that are not tokenized yet count as one each. */
  readonly rows: number;
  /** Their tokens; an estimate for those that are not tokenized yet. */
  readonly tokens: number;
  /** Milliseconds for which the oldest call has waited that has a row which is not being computed; 0 when there is none. */
  readonly oldest: number;
  /** Milliseconds after which a call that is made now can expect its answer, at the present speed; 0 when nothing waits. */
  readonly wait: number;
}

/** Texts of a call that are tokenized together. */
interface Piece {
  /** Number of the first one. */
  readonly first: number;
  readonly texts: readonly string[];
}

/**
 * Gives texts their logits. Calls are tokenized piece by piece and their rows go through one {@link RowQueue}: a call of
 * one text and one of a million go the same way, and the first does not wait for the second.
 */
export class Predictor {
  readonly #loaded: LoadedModel;
  readonly #windows: WindowOptions;
  readonly #tokenization: JointTokenization;
  readonly #queue: RowQueue;
  /** Texts of calls that are not tokenized yet, and how many tokens a text has had of late. */
  #untokenized = 0;
  #tokensOfText = 32;

  /** @param maxBatchTokens of one batch; what suits the device by default */
  constructor(loaded: LoadedModel, windows: WindowOptions, maxBatchTokens?: number) {
    this.#loaded = loaded;
    this.#windows = windows;
    this.#queue = new RowQueue(loaded.model, maxBatchTokens);
    this.#tokenization = new JointTokenization(
      (texts) => this.#encode(texts, windows, undefined),
      sliceEncoded,
    );
  }

  /** What was computed so far. */
  get totals(): BatchTotals {
    return this.#queue.totals;
  }

  get pending(): Pending {
    const { size, oldest, tokensPerSecond } = this.#queue;
    const rows = size.rows + this.#untokenized;
    const tokens = size.tokens + Math.round(this.#untokenized * this.#tokensOfText);
    return {
      rows,
      tokens,
      oldest: oldest === undefined ? 0 : performance.now() - oldest,
      wait: tokensPerSecond === undefined ? 0 : (tokens / tokensPerSecond) * 1000,
    };
  }

  /**
   * Scores all texts.
   *
   * @throws what tokenizer and model throw, as an error of this call's own; the signal's reason, at once
   */
  async score(texts: Texts, call: ScoreCall = {}): Promise<ScoredTexts> {
    const { signal } = call;
    signal?.throwIfAborted();
    const ticket = new Ticket(signal !== undefined);
    ticket.untokenized = texts.length;
    this.#untokenized += texts.length;
    const work = this.#answer(texts, ticket, call);
    try {
      return await untilAborted(signal, work, (reason) => this.#queue.leave(ticket, reason));
    } catch (error) {
      this.#queue.leave(ticket, error);
      throw signal?.aborted ? error : ownError(error);
    } finally {
      this.#untokenized -= ticket.untokenized;
      ticket.untokenized = 0;
    }
  }

  async #answer(
    texts: Texts,
    ticket: Ticket,
    { signal, onProgress, truncate = true, windows }: ScoreCall,
  ): Promise<ScoredTexts> {
    const progress = new Progress(onProgress);
    const { model, labelNames, maxLength } = this.#loaded;
    const reading = readingOf(this.#windows, maxLength, windows);
    const logits = new Float32Array(texts.length * labelNames.length);
    const counts = zeroCounts(texts.length);
    const computing = new Set<Promise<void>>();
    let ahead = 0;
    for (const { first, texts: some } of piecesOf(texts, model.info.device === "cpu" ? 1 : devicePieces)) {
      ticket.throwIfLeft();
      const tokens = await this.#tokenize(some, ticket, reading, signal);
      ticket.throwIfLeft();
      ticket.tokenizedAt ??= performance.now();
      this.#countTokenized(ticket, some.length, tokens.ids.length);
      if (!truncate) requireWhole(tokens.counts, first);
      putCounts(counts, first, tokens.counts);
      ahead += tokens.ids.length;
      const part = logitsOfPart(this.#queue, tokens, ticket, progress, reading.windowPooling).then(
        (values) => {
          logits.set(values, first * labelNames.length);
          ahead -= tokens.ids.length;
          computing.delete(part);
        },
      );
      part.catch(() => {}); // it is reported below; meanwhile it is no unhandled rejection
      computing.add(part);
      while (ahead > this.#queue.tokensAhead) await Promise.race(computing);
    }
    await Promise.all(computing);
    return { logits, counts, times: ticket.times };
  }

  #countTokenized(ticket: Ticket, texts: number, tokens: number): void {
    ticket.untokenized -= texts;
    this.#untokenized -= texts;
    this.#tokensOfText += 0.1 * (tokens / texts - this.#tokensOfText);
  }

  #tokenize(
    texts: readonly string[],
    ticket: Ticket,
    reading: WindowOptions,
    signal: AbortSignal | undefined,
  ): Promise<EncodedTexts> {
    // A long text takes many requests of its own: no other call has to wait for all of them.
    return charactersOf(texts) > requestCharacters || reading !== this.#windows
      ? this.#encode(texts, reading, signal)
      : this.#tokenization.encode(texts, ticket);
  }

  #encode(
    texts: readonly string[],
    { windowStride, maxWindows }: WindowOptions,
    signal: AbortSignal | undefined,
  ): Promise<EncodedTexts> {
    const { tokenizer, maxLength } = this.#loaded;
    return tokenizer.encodeWindows(texts, { maxLength, windowStride, maxWindows }, signal);
  }
}

/**
 * How a call reads long texts.
 *
 * @param own how the model was loaded to read them
 * @param windows whether the call wants windows; `undefined` when it does not say
 */
export function readingOf(
  own: WindowOptions,
  maxLength: number,
  windows: boolean | undefined,
): WindowOptions {
  if (windows === undefined || windows === own.windowStride > 0) return own;
  // Each window shares half of its tokens with the next, so that no passage is only seen at an edge.
  return { ...own, windowStride: windows ? Math.max(1, Math.floor(maxLength / 2)) : 0 };
}

/** A device computes padded batches: rows of like length are found among this many times as many texts. */
const devicePieces = 16;

/** The pieces of a call: as many texts as go into a request to the tokenizer, or one long text. */
function* piecesOf(texts: Texts, times: number): Generator<Piece> {
  let piece: string[] = [];
  let first = 0;
  let characters = 0;
  for (const text of texts) {
    const isFull =
      piece.length === requestTexts * times || characters + text.length > requestCharacters * times;
    if (piece.length > 0 && isFull) {
      yield { first, texts: piece };
      first += piece.length;
      piece = [];
      characters = 0;
    }
    piece.push(text);
    characters += text.length;
  }
  if (piece.length > 0) yield { first, texts: piece };
}

function sliceEncoded(tokens: EncodedTexts, first: number, end: number): EncodedTexts {
  return { ...sliceTexts(tokens, first, end), counts: sliceCounts(tokens.counts, first, end) };
}

/** @throws TagformerError `INVALID_DATA` when one of these texts was cut; `first` is the number of the first */
export function requireWhole({ read, cut, atLeast }: TokenCounts, first: number): void {
  const text = cut.findIndex((tokens) => tokens > 0);
  if (text < 0) return;
  const tokens = `${atLeast[text] === 1 ? "at least " : ""}${read[text]! + cut[text]!} tokens`;
  throw new TagformerError(
    "INVALID_DATA",
    `text ${first + text} has ${tokens}, and the model reads ${read[text]}: shorten it, or let it be cut (truncate)`,
  );
}

/** An error that several calls may have met, as one of the call that is awaited here: with its stack. */
function ownError(error: unknown): unknown {
  if (!(error instanceof TagformerError)) return error;
  return new TagformerError(error.code, error.message, { cause: error.cause ?? error });
}
