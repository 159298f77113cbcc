// Where a table is read from, and in which format: a file, standard input, or a stream that a program hands over.
import { Readable } from "node:stream";
import { invalidData, invalidOption, TagformerError } from "../base/errors.js";
import { type ByteSource, gunzip, isPacked, readError, readFileBytes, standardInput } from "./bytes.js";
import { untilAborted } from "./cancellation.js";

/** How a table is written down. */
export type TableFormat = "csv" | "tsv" | "jsonl" | "json" | "parquet" | "txt";

/**
 * The bytes of a table, in pieces of any size, or its text: a Node stream such as `fs.createReadStream(path)`, a web stream
 * such as the `body` of a `fetch`, or any async iterable.
 */
export type TableStream = AsyncIterable<Uint8Array | string> | WebStream;

/** What is used of a web stream, whatever library it is from. */
export interface WebStream {
  /** Locks the stream for one reader. */
  getReader(): WebStreamReader;
}

/** The reader of a {@link WebStream}. */
export interface WebStreamReader {
  /** The next chunk, or the end. */
  read(): Promise<{
    /** Whether the stream has ended. */
    readonly done: boolean;
    /** The chunk. */
    readonly value?: unknown;
  }>;
  /** Tells the source that nothing more is read. */
  cancel(): Promise<void>;
}

/** A table to read. */
export interface TableSource extends ByteSource {
  readonly format: TableFormat;
  /** The path of a file that has the bytes as they are, not packed with gzip. */
  readonly file?: string;
}

const formats = new Map<string, TableFormat>([
  [".csv", "csv"],
  [".tsv", "tsv"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".json", "json"],
  [".parquet", "parquet"],
  [".txt", "txt"],
]);

/**
 * The table that a path or stream stands for.
 *
 * @param format what it holds; by default what the name of the file says
 * @throws TagformerError `INVALID_DATA` for a file whose name says nothing, `INVALID_OPTION` for a stream without a format
 */
export function tableSource(input: string | TableStream, format?: TableFormat): TableSource {
  if (typeof input === "string") {
    return {
      name: input,
      format: format ?? formatOf(input),
      ...(input !== standardInput && !isPacked(input) && { file: input }),
      bytes: (signal) => untilAborted(readFileBytes(input), signal),
    };
  }
  if (!isStream(input)) {
    const found = input === null ? "null" : `of type ${typeof input}`;
    throw invalidOption(`the table is ${found}; expected a path, or a stream of bytes`);
  }
  const name = nameOf(input);
  return {
    name,
    format: format ?? formatOfStream(input),
    bytes: (signal) => readStream(name, input, signal),
  };
}

function isStream(input: unknown): input is TableStream {
  return (
    typeof input === "object" && input !== null && (Symbol.asyncIterator in input || "getReader" in input)
  );
}

/** A stream of a file knows the file's path. */
function pathOf(stream: TableStream): string | undefined {
  return "path" in stream && typeof stream.path === "string" ? stream.path : undefined;
}

function nameOf(stream: TableStream): string {
  return pathOf(stream) ?? "the stream";
}

function formatOfStream(stream: TableStream): TableFormat {
  const path = pathOf(stream);
  if (path !== undefined) return formatOf(path);
  const known = [...new Set(formats.values())].join(", ");
  throw invalidOption(
    `option format is missing: a stream has no name that says what it holds; expected one of ${known}`,
  );
}

function formatOf(file: string): TableFormat {
  if (file === standardInput) return "txt";
  const [, extension = ""] = /(\.[^./\\]*?)(\.gz)?$/i.exec(file) ?? [];
  const format = formats.get(extension.toLowerCase());
  if (format !== undefined) return format;
  const known = [...formats.keys()].join(", ");
  throw invalidData(
    `${file}: is of an unknown kind; expected a name that ends in ${known} (or one of these with .gz), or the option format`,
  );
}

/** @throws TagformerError `IO` when the stream fails, `INVALID_DATA` when it gives anything but bytes and text */
async function* readStream(
  name: string,
  stream: TableStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    const { head, rest } = await split(
      encode(name, untilAborted(iterate(stream), signal)),
      (read) => read.length > 1,
    );
    const chunks = chain(head, rest);
    const beginsAsGzip = Buffer.concat(head).subarray(0, 2).equals(gzipStart);
    yield* beginsAsGzip ? gunzip(Readable.from(chunks)) : chunks;
  } catch (error) {
    if (error instanceof TagformerError || signal?.aborted) throw error;
    throw readError(name, error);
  }
}

/** What gzip begins with, and no text. */
const gzipStart = Buffer.of(0x1f, 0x8b);

/** The chunks of a stream, which is closed at once when no more is wanted, also while a chunk is awaited. */
function iterate(stream: TableStream): AsyncIterable<unknown> {
  if ("getReader" in stream) {
    const reader = stream.getReader();
    return closedBy(
      async () => {
        const { done, value } = await reader.read();
        return done ? { done, value: undefined } : { done: false, value };
      },
      () => reader.cancel(),
    );
  }
  if (!(stream instanceof Readable)) return stream;
  const chunks = stream[Symbol.asyncIterator]();
  return closedBy(
    () => chunks.next(),
    () => stream.destroy(),
  );
}

function closedBy(
  next: () => Promise<IteratorResult<unknown>>,
  close: () => unknown,
): AsyncIterable<unknown> {
  const end = async () => {
    await close();
    return { done: true as const, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
}

async function* encode(name: string, chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  // A character of two code units may come in two strings; encoded apart, both halves would be lost.
  let half = "";
  for await (const chunk of chunks) {
    if (typeof chunk === "string") {
      const text = half + chunk;
      half = /[\ud800-\udbff]$/.exec(text)?.[0] ?? "";
      yield Buffer.from(text.slice(0, text.length - half.length));
    } else if (chunk instanceof Uint8Array) {
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    } else {
      const problem = `${name} gave a value of type ${typeof chunk}; expected bytes or text`;
      throw invalidData(`${problem} (objects are for datasetFromRows)`);
    }
  }
  if (half !== "") yield Buffer.from(half);
}

/** The first character that is not white space, and a source of all bytes from the first on. */
export async function firstCharacter(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<{ character: string | undefined; replay: ByteSource }> {
  const firstOf = (bytes: Buffer) => /[^\s\ufeff]/.exec(bytes.toString())?.[0];
  const { head, rest } = await split(source.bytes(signal), (read) => firstOf(read) !== undefined);
  const replay = { name: source.name, bytes: () => chain(head, rest) };
  return { character: firstOf(Buffer.concat(head)), replay };
}

/** Reads chunks until what was read is enough. */
async function split(
  chunks: AsyncIterable<Buffer>,
  isEnough: (read: Buffer) => boolean,
): Promise<{ head: Buffer[]; rest: AsyncIterator<Buffer> }> {
  const rest = chunks[Symbol.asyncIterator]();
  const head: Buffer[] = [];
  while (!isEnough(Buffer.concat(head))) {
    const next = await rest.next();
    if (next.done) break;
    head.push(next.value);
  }
  return { head, rest };
}

async function* chain(head: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
