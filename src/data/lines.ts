// Text as physical lines with their numbers. Lines can be handed back, so that a reader may look ahead.
import { invalidData, type TagformerError } from "../base/errors.js";

/** A line longer than this is refused before it fills the memory; so is a row of several lines. */
export const maxRowLength = 16 * 2 ** 20;

/** One physical line. */
export interface Line {
  /** Its number, from 1. */
  readonly number: number;
  /** Its text, without its end. */
  readonly text: string;
  /** The line break: LF, CR LF or CR; empty at the end of a file without one. */
  readonly end: string;
}

/** Reads lines that end in LF, CR LF or CR, mixed as they may be. A byte order mark is left out. */
export class LineReader {
  readonly #file: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8");
  /** Lines that are ready, from `#next` on. */
  #ready: Line[] = [];
  #next = 0;
  /** The beginning of a line whose end has not been read yet. */
  #rest: string[] = [];
  #restLength = 0;
  #number = 1;
  #done = false;

  /**
   * @param file the name of the file, for messages
   * @param chunks UTF-8 text in pieces
   */
  constructor(file: string, chunks: AsyncIterable<Uint8Array>) {
    this.#file = file;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next line if one is ready, without waiting for the file; see {@link next}. */
  take(): Line | undefined {
    return this.#ready[this.#next++] ?? this.#runOut();
  }

  /**
   * The next line; `undefined` at the end of the file.
   *
   * @throws TagformerError `INVALID_DATA` for a line of more than {@link maxRowLength} characters; what reading the file throws
   */
  async next(): Promise<Line | undefined> {
    let line = this.take();
    while (line === undefined && !this.#done) {
      await this.#fill();
      line = this.take();
    }
    return line;
  }

  /** Hands lines back: they are read again, in their order. */
  unread(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    this.#ready = [...lines, ...this.#ready.slice(this.#next)];
    this.#next = 0;
  }

  /** The next lines, as many as there are up to a number of lines and characters. They are read again afterwards. */
  async peek(lines: number, characters: number): Promise<readonly Line[]> {
    const peeked: Line[] = [];
    for (
      let length = 0;
      peeked.length < lines && length < characters;
      length += peeked.at(-1)!.text.length + 1
    ) {
      const line = this.take() ?? (await this.next());
      if (line === undefined) break;
      peeked.push(line);
    }
    this.unread(peeked);
    return peeked;
  }

  /** Stops reading, and closes the file. */
  async close(): Promise<void> {
    this.#done = true;
    await this.#chunks.return?.();
  }

  #runOut(): undefined {
    this.#ready = [];
    this.#next = 0;
  }

  async #fill(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) {
      this.#done = true;
      this.#add(this.#decoder.decode(), true);
    } else {
      this.#add(this.#decoder.decode(value, { stream: true }), false);
    }
  }

  #add(text: string, last: boolean): void {
    // A CR at the end of a piece may be half of a CR LF, so it waits for the next piece.
    const held = this.#rest.at(-1)?.endsWith("\r") ? "\r" : "";
    if (held) this.#rest[this.#rest.length - 1] = this.#rest.at(-1)!.slice(0, -1);
    const piece = held + text;
    const breaks = last ? /\r\n|\n|\r/g : /\r\n|\n|\r(?=[\s\S])/g;
    let start = 0;
    for (const { 0: end, index } of piece.matchAll(breaks)) {
      this.#push(this.#rest.join("") + piece.slice(start, index), end);
      this.#rest = [];
      start = index + end.length;
    }
    const rest = piece.slice(start);
    this.#restLength = this.#rest.length === 0 ? rest.length : this.#restLength - held.length + rest.length;
    this.#rest.push(rest);
    if (this.#restLength > maxRowLength) throw this.#tooLong();
    if (last && this.#restLength > 0) this.#push(this.#rest.join(""), "");
  }

  #push(text: string, end: string): void {
    if (text.length > maxRowLength) throw this.#tooLong();
    this.#ready.push({ number: this.#number++, text, end });
  }

  #tooLong(): TagformerError {
    const limit = `${maxRowLength / 2 ** 20} MiB`;
    return invalidData(`${this.#file}: line ${this.#number} has more than ${limit}`);
  }
}
