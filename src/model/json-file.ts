// Small text files of untrusted model directories: bounded in size, strictly UTF-8, errors that name the file.
import { type FileHandle, open } from "node:fs/promises";
import { cannot, invalidModel, isMissing, messageOf, TagformerError } from "../base/errors.js";
import { refuseLfsPointer } from "./lfs.js";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The text of a file, or `null` when there is no such file.
 *
 * @throws TagformerError `IO` when it cannot be read, `INVALID_MODEL` when it is larger than `maxBytes` or not UTF-8
 */
export async function readTextIfPresent(file: string, maxBytes: number): Promise<string | null> {
  const bytes = await readBounded(file, maxBytes);
  if (bytes === null) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
    const problem = isUtf16
      ? "is UTF-16; save it as UTF-8"
      : "is not valid UTF-8; the file is damaged or of another kind";
    throw invalidModel(`${file} ${problem}`);
  }
}

/**
 * The JSON object that a file holds, or `null` when there is no such file.
 *
 * @throws TagformerError as {@link readTextIfPresent}, and `INVALID_MODEL` when it is not a JSON object
 */
export async function readJsonObjectIfPresent(file: string, maxBytes: number): Promise<JsonObject | null> {
  const text = await readTextIfPresent(file, maxBytes);
  return text === null ? null : parseJsonObject(text, file);
}

/** Parses `text` as a JSON object; `what` names it in the `INVALID_MODEL` error. */
export function parseJsonObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, "")); // editors of Windows put a byte order mark there
  } catch (error) {
    throw invalidModel(`${what} is not valid JSON: ${messageOf(error)}`, error);
  }
  if (isJsonObject(value)) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw invalidModel(`${what} must hold a JSON object, but holds ${found}`);
}

async function readBounded(file: string, maxBytes: number): Promise<Buffer | null> {
  // No `await using`: the file handles of Yarn's Plug'n'Play are not disposable.
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalidModel(`${file} is not a regular file`);
    if (stat.size > maxBytes) {
      const limit = `at most ${maxBytes} bytes are read`;
      throw invalidModel(`${file} is ${stat.size} bytes long; ${limit}`);
    }
    const content = await handle.readFile();
    refuseLfsPointer(file, content);
    return content;
  } catch (error) {
    if (isMissing(error)) return null;
    if (error instanceof TagformerError) throw error;
    throw cannot(`read ${file}`, error);
  } finally {
    await handle?.close();
  }
}
