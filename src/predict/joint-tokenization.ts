// Small calls are tokenized together: a message to the tokenizer's thread and back costs more than the tokens of a text.
import type { EncodedTexts } from "../text/tokenizer.js";
import type { Ticket } from "./ticket.js";

/** Texts and characters of one request: a few milliseconds of the tokenizer's time. */
export const requestTexts = 64;
export const requestCharacters = 2 ** 14;
/** Requests that the tokenizer has at a time: one that it works on, and one so that its thread never idles. */
const requestsAtOnce = 2;

interface Piece {
  readonly texts: readonly string[];
  readonly ticket: Ticket;
  readonly resolve: (tokens: EncodedTexts) => void;
  readonly reject: (reason: unknown) => void;
}

/** Tokenizes pieces of calls, those that wait in one request, in the order in which they came. */
export class JointTokenization {
  readonly #encode: (texts: readonly string[]) => Promise<EncodedTexts>;
  readonly #slice: (tokens: EncodedTexts, first: number, end: number) => EncodedTexts;
  #waiting: Piece[] = [];
  #requests = 0;

  constructor(
    encode: (texts: readonly string[]) => Promise<EncodedTexts>,
    slice: (tokens: EncodedTexts, first: number, end: number) => EncodedTexts,
  ) {
    this.#encode = encode;
    this.#slice = slice;
  }

  /** @throws what the tokenizer throws for these texts alone */
  encode(texts: readonly string[], ticket: Ticket): Promise<EncodedTexts> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ texts, ticket, resolve, reject });
      this.#advance();
    });
  }

  #advance(): void {
    while (this.#requests < requestsAtOnce) {
      const pieces = this.#takeWaiting();
      if (pieces.length === 0) return;
      void this.#request(pieces);
    }
  }

  #takeWaiting(): Piece[] {
    this.#waiting = this.#waiting.filter(stillWanted);
    let count = 0;
    let characters = 0;
    const more = this.#waiting.findIndex(({ texts }, i) => {
      count += texts.length;
      characters += charactersOf(texts);
      return i > 0 && (count > requestTexts || characters > requestCharacters);
    });
    return this.#waiting.splice(0, more < 0 ? this.#waiting.length : more);
  }

  async #request(pieces: readonly Piece[]): Promise<void> {
    this.#requests++;
    try {
      const tokens = await this.#encode(pieces.flatMap(({ texts }) => texts));
      let first = 0;
      for (const { texts, resolve } of pieces) {
        resolve(pieces.length === 1 ? tokens : this.#slice(tokens, first, first + texts.length));
        first += texts.length;
      }
    } catch (error) {
      await this.#oneByOne(pieces, error);
    } finally {
      this.#requests--;
      this.#advance();
    }
  }

  /** One piece may be to blame: the others must not fail for it. */
  async #oneByOne(pieces: readonly Piece[], error: unknown): Promise<void> {
    if (pieces.length === 1) return pieces[0]!.reject(error);
    for (const { texts, resolve, reject } of pieces) await this.#encode(texts).then(resolve, reject);
  }
}

/** Whether the caller of a piece still waits for it; rejects the piece otherwise. */
function stillWanted({ ticket, reject }: Piece): boolean {
  try {
    ticket.throwIfLeft();
    return true;
  } catch (reason) {
    reject(reason);
    return false;
  }
}

export function charactersOf(texts: readonly string[]): number {
  let characters = 0;
  for (const text of texts) characters += text.length;
  return characters;
}
