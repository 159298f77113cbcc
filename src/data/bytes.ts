// A file as checked bytes: unpacked, without its byte order mark, known to be UTF-8 text; and which byte lies on which line.
import { isUtf8 } from "node:buffer";
import { constants, createReadStream } from "node:fs";
import { access, stat } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { cannot, invalidData, messageOf, TagformerError } from "../base/errors.js";

/** The file name that stands for standard input. */
export const standardInput = "-";

/** What stands in place of bytes that are not UTF-8. */
const replacementCharacter = Buffer.from("\u{fffd}");

/** Counts the lines of what streams past. */
export interface LineCount {
  append(chunk: Uint8Array): void;
  /** The line of the byte after the last chunk. */
  readonly lastLine: number;
}

/** Counts line breaks: LF, CR and CR LF. */
export class LineCounter implements LineCount {
  #breaks = 0;
  #previous = 0;

  append(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === 13 || (byte === 10 && this.#previous !== 13)) this.#breaks++;
      this.#previous = byte;
    }
  }

  get lastLine(): number {
    return this.#breaks + 1;
  }
}

/** Finds the line of a byte while a file streams past: a reader appends chunks, a parser behind it asks. */
export class LineIndex implements LineCount {
  /** Positions of the line breaks that {@link lineAt} has not passed yet, from `#next` on. */
  readonly #breaks: number[] = [];
  #next = 0;
  #passed = 0;
  #size = 0;
  #previous = 0;

  /** Line breaks are LF, CR and CR LF. */
  append(chunk: Uint8Array): void {
    this.#breaks.splice(0, this.#next);
    this.#next = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === 13 || (byte === 10 && this.#previous !== 13)) this.#breaks.push(this.#size + i);
      this.#previous = byte;
    }
    this.#size += chunk.length;
  }

  /** The line (1-based) of a byte. Positions must be asked in ascending order. */
  lineAt(position: number): number {
    while (this.#next < this.#breaks.length && this.#breaks[this.#next]! < position) {
      this.#next++;
      this.#passed++;
    }
    return this.#passed + 1;
  }

  /** The line of the byte after the last chunk. */
  get lastLine(): number {
    return this.#passed + this.#breaks.length - this.#next + 1;
  }
}

/** Bytes, and what messages call them. */
export interface ByteSource {
  readonly name: string;
  bytes(signal: AbortSignal | undefined): AsyncIterable<Buffer>;
}

/** How bytes are read by {@link readUtf8}. */
export interface ReadBytesOptions {
  /** Receives the number of characters that were put in place of bytes that are not UTF-8; without it they are errors. */
  readonly onReplaced?: ((characters: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams the bytes of a text, and appends to `lines` what it hands out. Every chunk ends between two characters. A UTF-8
 * byte order mark is left in.
 *
 * @throws TagformerError `IO` when the file cannot be read, `INVALID_DATA` when it is not UTF-8 text; the signal's reason
 * when it is aborted
 */
export async function* readUtf8(
  source: ByteSource,
  lines: LineCount,
  { onReplaced, signal }: ReadBytesOptions = {},
): AsyncGenerator<Buffer> {
  const file = source.name;
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);
  const check = (read: Buffer): Buffer => {
    const bytes = onReplaced && !isUtf8(read) ? replaceInvalid(read, onReplaced) : read;
    const fault = firstFault(bytes);
    lines.append(bytes.subarray(0, fault?.at));
    if (fault) {
      throw invalidData(
        `${file}: byte ${position + fault.at + 1}, on line ${lines.lastLine}, ${fault.problem}`,
      );
    }
    position += bytes.length;
    return bytes;
  };
  for await (const chunk of source.bytes(signal)) {
    signal?.throwIfAborted();
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    if (position === 0) refuseOtherKinds(file, bytes);
    const whole = bytes.length - unfinishedTail(bytes);
    rest = bytes.subarray(whole);
    if (whole > 0) yield check(bytes.subarray(0, whole));
  }
  if (rest.length > 0) yield check(rest);
}

/**
 * Checks that a file can be read, before anything that takes long is done for it.
 *
 * @throws TagformerError `IO`
 */
export async function checkReadable(file: string): Promise<void> {
  if (file === standardInput) return;
  try {
    await access(file, constants.R_OK);
    const found = await stat(file);
    if (found.isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" });
  } catch (error) {
    throw readError(file, error);
  }
}

/** The bytes of a file or of standard input, unpacked when the name ends in `.gz`. */
export async function* readFileBytes(file: string): AsyncGenerator<Buffer> {
  const size = await sizeOf(file);
  const source = file === standardInput ? process.stdin : createReadStream(file);
  try {
    yield* isPacked(file) ? gunzip(source) : source;
  } catch (error) {
    throw readError(file, error);
  }
  if ("bytesRead" in source && source.bytesRead < size) {
    throw new TagformerError(
      "IO",
      `${file} was cut while it was being read: ${source.bytesRead} bytes of ${size} were there`,
    );
  }
}

/** Whether a file's name says that it is packed with gzip. */
export function isPacked(file: string): boolean {
  return file.toLowerCase().endsWith(".gz");
}

/** Unpacks gzip. */
export function gunzip(source: Readable): Readable {
  // The callback has nothing to do: an error of either stream ends the loop that reads the second.
  return pipeline(source, createGunzip(), () => {});
}

/** Bytes of a file; 0 for what has no size, such as a pipe. */
async function sizeOf(file: string): Promise<number> {
  return file === standardInput ? 0 : ((await stat(file).catch(() => null))?.size ?? 0);
}

/** What files begin with that are no UTF-8 text, and what to do with them. */
const otherKinds: readonly (readonly [start: Buffer, advice: string])[] = [
  [Buffer.of(0xff, 0xfe), 'is UTF-16 text; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")'],
  [Buffer.of(0xfe, 0xff), 'is UTF-16 text; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")'],
  [Buffer.from("PAR1"), "is a Parquet file; read it with the option format: parquet, or name it .parquet"],
  [Buffer.of(0x1f, 0x8b), "is packed with gzip; give it a name that ends in .gz, or unpack it"],
  [Buffer.from("PK\x03\x04"), 'is a zip archive, as .xlsx files are; save the table as "CSV UTF-8"'],
];

/** Refuses what is known by its first bytes to be something else than text. */
function refuseOtherKinds(file: string, bytes: Buffer): void {
  const found = otherKinds.find(([start]) => bytes.subarray(0, start.length).equals(start));
  if (found) throw invalidData(`${file}: ${found[1]}`);
}

/** Number of bytes at the end that begin a character without finishing it. */
function unfinishedTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** The bytes with U+FFFD in place of whatever is not UTF-8. */
function replaceInvalid(bytes: Buffer, onReplaced: (characters: number) => void): Buffer {
  const repaired = Buffer.from(bytes.toString("utf8"));
  onReplaced(countOf(replacementCharacter, repaired) - countOf(replacementCharacter, bytes));
  return repaired;
}

function countOf(pattern: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + pattern.length)) count++;
  return count;
}

function firstFault(bytes: Buffer): { at: number; problem: string } | undefined {
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    return { at: nul, problem: "is NUL, which no text holds; the file is damaged, binary or UTF-16" };
  if (isUtf8(bytes)) return undefined;
  // Decoding puts U+FFFD where bytes are wrong, so the copy differs from the original there first.
  const repaired = Buffer.from(bytes.toString("utf8"));
  const at = bytes.findIndex((byte, i) => byte !== repaired[i]);
  return {
    at,
    problem:
      "is not valid UTF-8; save the table as UTF-8, or have such bytes replaced (encodingErrors: replace)",
  };
}

/** What a reader of a file or stream failed with, as an error for users. */
export function readError(file: string, error: unknown): TagformerError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT" || code === "ENOTDIR")
    return new TagformerError("IO", `${file} does not exist`, { cause: error });
  if (code === "EISDIR") {
    return new TagformerError("IO", `${file} is a directory; expected a table`, { cause: error });
  }
  if (code.startsWith("Z_"))
    return invalidData(`${file}: is not a whole gzip file (${messageOf(error)})`, error);
  return cannot(`read ${file}`, error);
}
