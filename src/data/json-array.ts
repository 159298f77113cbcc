// A JSON array, element by element: it is never in memory as a whole.
import { invalidData, type TagformerError } from "../base/errors.js";
import { type ByteSource, LineIndex, type ReadBytesOptions, readUtf8 } from "./bytes.js";

/** One element of an array. */
export interface JsonElement {
  /** Its number, from 1. */
  readonly row: number;
  /** The line (1-based) on which it begins. */
  readonly line: number;
  /** The element as it is written. */
  readonly text: string;
}

/** An element longer than this is taken for a bracket that was never closed, before it fills the memory. */
const maxElementBytes = 16 * 2 ** 20;

const byteOrderMark = [0xef, 0xbb, 0xbf];
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * Streams the elements of an array. Brackets and commas are checked here, and what is between them by the parser of each element.
 *
 * @throws TagformerError `INVALID_DATA` when the text is no array, or one that is not closed; as {@link readUtf8}
 */
export async function* readJsonElements(
  source: ByteSource,
  options: ReadBytesOptions,
): AsyncGenerator<JsonElement> {
  const lines = new LineIndex();
  const scanner = new ArrayScanner(source.name, lines);
  for await (const chunk of readUtf8(source, lines, options)) yield* scanner.scan(chunk);
  scanner.end();
}

class ArrayScanner {
  readonly #name: string;
  readonly #lines: LineIndex;
  #state: "before" | "inside" | "behind" = "before";
  /** Bytes before the chunk that is scanned. */
  #position = 0;
  #row = 1;
  /** What came of the present element in earlier chunks. */
  #parts: Buffer[] = [];
  #partsLength = 0;
  /** The line of its first byte that is not white space; 0 before that. */
  #line = 0;
  /** Brackets that are open within the element. */
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(name: string, lines: LineIndex) {
    this.#name = name;
    this.#lines = lines;
  }

  *scan(chunk: Buffer): Generator<JsonElement> {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#state !== "inside") {
        this.#outside(byte, this.#position + i);
        start = i + 1;
      } else if (this.#endsElement(byte, this.#position + i)) {
        const text = this.#take(chunk.subarray(start, i));
        start = i + 1;
        if (byte === closeBracket) this.#state = "behind";
        // An empty array has nothing between its brackets.
        if (text === "" && byte === closeBracket && this.#row === 1) continue;
        if (text === "") throw this.#fault("expected an object before the next comma or bracket");
        yield { row: this.#row, line: this.#line, text };
        this.#row++;
        this.#line = 0;
      }
    }
    if (this.#state === "inside") this.#keep(chunk.subarray(start));
    this.#position += chunk.length;
  }

  /** @throws TagformerError when the array has not been closed */
  end(): void {
    if (this.#state === "before") {
      throw invalidData(`${this.#name}: is empty; expected an array of objects, such as [{"text": "..."}]`);
    }
    if (this.#state === "inside") {
      throw this.#fault(
        "the file ends here without the closing ]; it was cut off, or a quote or bracket is missing",
      );
    }
  }

  #outside(byte: number, position: number): void {
    if (isSpace(byte) || byte === byteOrderMark[position]) return;
    if (this.#state === "before" && byte === openBracket) {
      this.#state = "inside";
      return;
    }
    const line = this.#lines.lineAt(position);
    throw invalidData(
      `${this.#name}: ${
        this.#state === "before"
          ? 'is not an array of objects, such as [{"text": "..."}, {"text": "..."}]'
          : `goes on behind its array, on line ${line}; expected one array of objects, or JSON Lines (.jsonl)`
      }`,
    );
  }

  /** Whether a byte inside the array ends the present element: a comma or the closing bracket of the array itself. */
  #endsElement(byte: number, position: number): boolean {
    if (this.#line === 0 && !isSpace(byte)) this.#line = this.#lines.lineAt(position);
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) this.#inString = false;
      return false;
    }
    if (byte === quote) this.#inString = true;
    else if (byte === openBrace || byte === openBracket) this.#depth++;
    else if (this.#depth === 0) return byte === comma || byte === closeBracket;
    else if (byte === closeBrace || byte === closeBracket) this.#depth--;
    return false;
  }

  #keep(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partsLength += bytes.length;
    if (this.#partsLength <= maxElementBytes) return;
    throw this.#fault(
      `is longer than ${maxElementBytes / 2 ** 20} MiB; most likely a quote or bracket in it is never closed`,
    );
  }

  #take(rest: Buffer): string {
    this.#keep(rest);
    const text = Buffer.concat(this.#parts).toString().trim();
    this.#parts = [];
    this.#partsLength = 0;
    return text;
  }

  #fault(problem: string): TagformerError {
    return invalidData(`${this.#name}: ${placeOf(this.#row, this.#line || this.#lines.lastLine, problem)}`);
  }
}

function placeOf(row: number, line: number, problem: string): string {
  return `row ${row}, on line ${line}: ${problem}`;
}

/** An element that cannot be parsed. */
export function invalidElement(name: string, { row, line }: JsonElement, problem: string): TagformerError {
  return invalidData(`${name}: ${placeOf(row, line, `is not valid JSON (${problem})`)}`);
}
