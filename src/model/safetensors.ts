// Reads where the tensors of a safetensors file lie, never the weights themselves: the engine does that.
// The rules are those of the format's Rust library (safetensors/src/tensor.rs) and of @huggingface/hub's reader,
// whichever is stricter, and duplicate keys, which both let pass, are refused.
import { type FileHandle, open } from "node:fs/promises";
import { cannot, invalidModel, TagformerError } from "../base/errors.js";
import type { TensorSource } from "../native/types.js";
import { isJsonObject, type JsonObject, parseJsonObject } from "./json-file.js";
import { maxPointerBytes, refuseLfsPointer } from "./lfs.js";

/** Bytes of the header's length, in front of the header. */
const prefixBytes = 8;
const maxHeaderBytes = 25_000_000;
const maxDimension = 2 ** 32;

const bitsOf: ReadonlyMap<unknown, number> = new Map([
  ...["F4"].map((name) => [name, 4] as const),
  ...["F6_E2M3", "F6_E3M2"].map((name) => [name, 6] as const),
  ...["BOOL", "U8", "I8"].map((name) => [name, 8] as const),
  ...["F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"].map((name) => [name, 8] as const),
  ...["I16", "U16", "F16", "BF16"].map((name) => [name, 16] as const),
  ...["I32", "U32", "F32"].map((name) => [name, 32] as const),
  ...["I64", "U64", "F64", "C64"].map((name) => [name, 64] as const),
]);

/**
 * The tensors of a safetensors file, in the order of their bytes.
 *
 * @throws TagformerError `INVALID_MODEL` when the file breaks a rule of the format, `IO` when it cannot be read
 */
export async function readSafetensors(file: string): Promise<TensorSource[]> {
  try {
    const { header, fileBytes } = await readHeader(file);
    const data = { begin: prefixBytes + header.length, end: fileBytes };
    return checkLayout(parseHeader(header, file, data.begin), file, data);
  } catch (error) {
    if (error instanceof TagformerError) throw error;
    throw cannot(`read ${file}`, error);
  }
}

async function readHeader(file: string): Promise<{ header: Buffer; fileBytes: number }> {
  // No `await using`: the file handles of Yarn's Plug'n'Play are not disposable.
  const handle = await open(file, "r");
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalid(file, "it is not a regular file");
    return { header: await readHeaderOf(handle, file, stat.size), fileBytes: stat.size };
  } finally {
    await handle.close();
  }
}

async function readHeaderOf(handle: FileHandle, file: string, fileBytes: number): Promise<Buffer> {
  if (fileBytes < prefixBytes)
    throw invalid(file, `${fileBytes} bytes are too few even for the header's length`);
  const length = (await readExactly(handle, file, prefixBytes, 0)).readBigUInt64LE();
  if (fileBytes < maxPointerBytes) refuseLfsPointer(file, await readExactly(handle, file, fileBytes, 0));
  if (length > BigInt(fileBytes - prefixBytes)) {
    throw invalid(
      file,
      `its header of ${length} bytes would reach past the end of the file (${fileBytes} bytes)`,
    );
  }
  if (length > BigInt(maxHeaderBytes)) {
    throw invalid(file, `its header has ${length} bytes, more than the allowed ${maxHeaderBytes}`);
  }
  return readExactly(handle, file, Number(length), prefixBytes);
}

async function readExactly(
  handle: FileHandle,
  file: string,
  bytes: number,
  position: number,
): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) throw invalid(file, "it became shorter while it was read");
    filled += bytesRead;
  }
  return buffer;
}

function parseHeader(header: Buffer, file: string, dataBegin: number): TensorSource[] {
  const text = decode(header, file);
  const entries = Object.entries(parseJsonObject(text, `the safetensors header of ${file}`));
  const tensors: TensorSource[] = [];
  let members = entries.length;
  for (const [name, value] of entries) {
    if (name === "__metadata__") {
      members += checkMetadata(value, file);
      continue;
    }
    const entry = checkEntry(name, value, file);
    members += Object.keys(entry).length;
    tensors.push(readEntry(name, entry, file, dataBegin));
  }
  // JSON.parse keeps the last of two equal keys, so fewer members than were written means a duplicate.
  if (members !== countMembers(text)) throw invalid(file, "its header has a key twice");
  return tensors;
}

function decode(header: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw invalid(file, "its header is not UTF-8");
  }
}

/** The number of `key: value` pairs in valid JSON: its colons outside of strings. */
function countMembers(json: string): number {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "").split(":").length - 1;
}

function checkMetadata(value: unknown, file: string): number {
  if (!isJsonObject(value) || Object.values(value).some((text) => typeof text !== "string")) {
    throw invalid(file, "its __metadata__ must map strings to strings");
  }
  return Object.keys(value).length;
}

function checkEntry(name: string, value: unknown, file: string): JsonObject {
  const keys = isJsonObject(value) ? Object.keys(value).sort().join() : "";
  if (isJsonObject(value) && keys === "data_offsets,dtype,shape") return value;
  throw invalid(file, `${quote(name)} must have exactly dtype, shape and data_offsets`);
}

function readEntry(name: string, entry: JsonObject, file: string, dataBegin: number): TensorSource {
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits = bitsOf.get(dtype);
  if (bits === undefined) throw invalid(file, `${quote(name)} has the unknown dtype ${quote(dtype)}`);
  if (!isSizes(shape) || shape.some((size) => size > maxDimension)) {
    throw invalid(
      file,
      `${quote(name)} has the shape ${quote(shape)}; expected whole numbers from 0 to 2^32`,
    );
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw invalid(file, `${quote(name)} has the data_offsets ${quote(offsets)}; expected [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = bytesOf(name, shape, bits, file);
  if (bytes !== end - begin) {
    const found = `${end - begin} bytes of data`;
    throw invalid(file, `${quote(name)} has ${found}, but ${String(dtype)} ${quote(shape)} takes ${bytes}`);
  }
  return { name, file, dtype: dtype as string, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function bytesOf(name: string, shape: readonly number[], bits: number, file: string): number {
  let total = bits;
  for (const size of shape) {
    total *= size;
    if (!Number.isSafeInteger(total))
      throw invalid(file, `${quote(name)} has an impossible shape ${quote(shape)}`);
  }
  if (total % 8 !== 0) throw invalid(file, `${quote(name)} does not end on a byte boundary`);
  return total / 8;
}

/** Every byte after the header belongs to exactly one tensor. */
function checkLayout(
  tensors: TensorSource[],
  file: string,
  data: { begin: number; end: number },
): TensorSource[] {
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = data.begin;
  for (const { name, begin, end } of tensors) {
    if (begin !== position) {
      const found = `starts at data byte ${begin - data.begin}`;
      throw invalid(
        file,
        `${quote(name)} ${found}, but the tensor before it ends at ${position - data.begin}`,
      );
    }
    position = end;
  }
  if (position !== data.end) {
    const difference = Math.abs(data.end - position);
    const state =
      position > data.end
        ? `is cut off: ${difference} bytes are missing`
        : `has ${difference} bytes too many`;
    throw invalid(file, `it ${state} at the end`);
  }
  return tensors;
}

function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

function invalid(file: string, problem: string): TagformerError {
  return invalidModel(`${file} is not a valid safetensors file: ${problem}; download or save it again`);
}
