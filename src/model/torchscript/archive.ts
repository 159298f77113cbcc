// The zip archive of a TorchScript module, read more strictly than libtorch does.
//
// torch.jit.save writes the records one after the other, tensors as they are and source code deflated, with the directory
// at the end of the file (APPNOTE.TXT 6.3.10 of PKWARE has the layout). Nothing else is accepted: then no two readers can
// disagree about what a record holds, and little can unpack to more than the file's own size.
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { invalidModel, messageOf, type TagformerError } from "../../base/errors.js";

/** One record: `stored` bytes from `begin` of the file, which are `size` bytes unpacked. */
export interface ArchiveRecord {
  readonly name: string;
  readonly crc: number;
  readonly begin: number;
  readonly stored: number;
  readonly size: number;
  readonly deflated: boolean;
}

const endSize = 22;
const end64Size = 56;
const locator64Size = 20;
const maxRecords = 200_000;
/** Larger ones are not made: the directory of the largest known models is a few hundred kilobytes. */
const maxDirectoryBytes = 64e6;
/** What miniz, libtorch's reader, takes. */
const maxNameBytes = 511;
const chunkBytes = 4 << 20;
/** All deflated records together, unpacked. */
const maxDeflatedBytes = 128e6;
/** Set in 32-bit and 16-bit fields whose value is in a zip64 one. */
const in64 = 0xffffffff;
const in64Short = 0xffff;

/** A fault of the archive; `file` is named by {@link readArchive}'s caller. */
function damaged(problem: string): TagformerError {
  return invalidModel(`it is no sound TorchScript archive: ${problem}`);
}

async function readBytes(file: FileHandle, begin: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(bytes, done, size - done, begin + done);
    if (bytesRead === 0) throw damaged("the file ends early");
    done += bytesRead;
  }
  return bytes;
}

function toSize(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged("a size is impossible");
  return Number(value);
}

interface Directory {
  readonly records: number;
  readonly begin: number;
  readonly size: number;
}

/** Finds the directory from the file's last bytes. */
async function findDirectory(file: FileHandle, fileSize: number): Promise<Directory> {
  if (fileSize < endSize) throw damaged("the file is too short for a zip archive");
  const tailSize = Math.min(fileSize, endSize + locator64Size + end64Size);
  const tail = await readBytes(file, fileSize - tailSize, tailSize);
  const end = tail.subarray(tailSize - endSize);
  if (end.readUInt32LE(0) !== 0x06054b50) throw damaged("it does not end like a zip archive");
  if (end.readUInt32LE(4) !== 0 || end.readUInt16LE(20) !== 0) {
    throw damaged("it is split into volumes, or has a comment");
  }
  const short = {
    onDisk: end.readUInt16LE(8),
    records: end.readUInt16LE(10),
    size: end.readUInt32LE(12),
    begin: end.readUInt32LE(16),
  };
  if (short.onDisk !== short.records) throw damaged("it is split into volumes");
  const long = read64(tail, fileSize);
  if (long === null) {
    requireEnd(short, fileSize - endSize);
    return short;
  }
  const agrees = (value: number, saturated: number, whole: number) => value === whole || value === saturated;
  if (
    !agrees(short.records, in64Short, long.records) ||
    !agrees(short.size, in64, long.size) ||
    !agrees(short.begin, in64, long.begin)
  ) {
    throw damaged("its two directory entries contradict each other");
  }
  requireEnd(long, fileSize - endSize - locator64Size - end64Size);
  return long;
}

/** The zip64 form of the end of the directory; `null` where there is none. */
function read64(tail: Buffer, fileSize: number): Directory | null {
  if (tail.length < endSize + locator64Size) return null;
  const locator = tail.subarray(tail.length - endSize - locator64Size, tail.length - endSize);
  if (locator.readUInt32LE(0) !== 0x07064b50) return null;
  const at = fileSize - endSize - locator64Size - end64Size;
  if (toSize(locator.readBigUInt64LE(8)) !== at || locator.readUInt32LE(4) !== 0) {
    throw damaged("its zip64 directory is elsewhere than it says");
  }
  const end = tail.subarray(0, end64Size);
  if (end.readUInt32LE(0) !== 0x06064b50 || toSize(end.readBigUInt64LE(4)) !== end64Size - 12) {
    throw damaged("its zip64 directory is damaged");
  }
  const records = toSize(end.readBigUInt64LE(32));
  if (toSize(end.readBigUInt64LE(24)) !== records) throw damaged("it is split into volumes");
  return { records, size: toSize(end.readBigUInt64LE(40)), begin: toSize(end.readBigUInt64LE(48)) };
}

function requireEnd({ begin, size, records }: Directory, expected: number): void {
  if (begin + size !== expected) throw damaged("its directory is not where it should be");
  if (records > maxRecords || size > maxDirectoryBytes) throw damaged(`it has ${records} records`);
}

interface DirectoryEntry {
  readonly name: string;
  readonly crc: number;
  readonly stored: number;
  readonly size: number;
  readonly deflated: boolean;
  readonly header: number;
}

/** The entries of the directory's bytes, in order. */
function readEntries(bytes: Buffer, records: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let i = 0; i < records; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50)
      throw damaged("its directory is damaged");
    const nameSize = bytes.readUInt16LE(at + 28);
    const extraSize = bytes.readUInt16LE(at + 30);
    const next = at + 46 + nameSize + extraSize + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw damaged("its directory is damaged");
    const name = readName(bytes.subarray(at + 46, at + 46 + nameSize));
    const extra = bytes.subarray(at + 46 + nameSize, at + 46 + nameSize + extraSize);
    entries.push(readEntry(bytes.subarray(at, at + 46), name, extra));
    at = next;
  }
  if (at !== bytes.length) throw damaged("its directory has another length than it says");
  return entries;
}

function readEntry(fixed: Buffer, name: string, extra: Buffer): DirectoryEntry {
  const flags = fixed.readUInt16LE(8);
  if ((flags & 0x2041) !== 0) throw damaged(`record ${name} is encrypted`);
  const method = fixed.readUInt16LE(10);
  if (method !== 0 && method !== 8) throw damaged(`record ${name} is compressed in an unknown way`);
  const long = read64Extra(extra);
  const take = (value: number) => (value === in64 ? long() : value);
  const size = take(fixed.readUInt32LE(24));
  const stored = take(fixed.readUInt32LE(20));
  const header = take(fixed.readUInt32LE(42));
  const deflated = method === 8;
  if (!deflated && stored !== size) throw damaged(`record ${name} has two different sizes`);
  return { name, crc: fixed.readUInt32LE(16), stored, size, deflated, header };
}

/** Reads the values of a zip64 extra field one after the other. */
function read64Extra(extra: Buffer): () => number {
  let field: Buffer = Buffer.alloc(0);
  for (let at = 0; at + 4 <= extra.length; ) {
    const size = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) field = extra.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
  let at = 0;
  return () => {
    if (at + 8 > field.length) throw damaged("a zip64 size is missing");
    at += 8;
    return toSize(field.readBigUInt64LE(at - 8));
  };
}

/** A record's name: parts none of which leads out of the archive. */
function readName(bytes: Buffer): string {
  const name = bytes.toString("latin1");
  const parts = name.split("/");
  const sound = parts.length > 1 && parts.every((part) => /^[\x20-\x5b\x5d-\x7e\x80-\xff]+$/.test(part));
  if (!sound || name.length > maxNameBytes || parts.some((part) => part === "." || part === "..")) {
    throw damaged(`a record has the unsafe name ${JSON.stringify(name.slice(0, 100))}`);
  }
  return name;
}

/** Where an entry's bytes begin, by the header before them, which must tell the same as the directory. */
async function locate(file: FileHandle, entry: DirectoryEntry): Promise<ArchiveRecord> {
  const { name, crc, stored, size, deflated, header } = entry;
  const fixed = await readBytes(file, header, 30);
  const nameSize = fixed.readUInt16LE(26);
  const begin = header + 30 + nameSize + fixed.readUInt16LE(28);
  const flags = fixed.readUInt16LE(6);
  // With this flag, CRC and sizes follow the bytes and are zero here.
  const follow = (flags & 8) !== 0;
  const told = (at: number, value: number) => {
    const found = fixed.readUInt32LE(at);
    return found === value || found === in64 || (follow && found === 0);
  };
  if (
    fixed.readUInt32LE(0) !== 0x04034b50 ||
    (flags & 0x2041) !== 0 ||
    fixed.readUInt16LE(8) !== (deflated ? 8 : 0) ||
    nameSize !== Buffer.byteLength(name, "latin1") ||
    (await readBytes(file, header + 30, nameSize)).toString("latin1") !== name ||
    !told(14, crc) ||
    !told(18, stored) ||
    !told(22, size)
  ) {
    throw damaged(`the header of record ${name} does not match the directory`);
  }
  return { name, crc, begin, stored, size, deflated };
}

/** Records lie in the file one after the other, before the directory. */
function requireSeparate(records: readonly ArchiveRecord[], headers: readonly number[], end: number): void {
  const order = [...records.keys()].sort((a, b) => headers[a]! - headers[b]!);
  order.forEach((index, i) => {
    const { name, begin, stored } = records[index]!;
    const next = i + 1 < order.length ? headers[order[i + 1]!]! : end;
    if (begin + stored > next) throw damaged(`record ${name} overlaps with another, or with the directory`);
  });
}

function requireDistinct(entries: readonly DirectoryEntry[]): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    // libtorch's reader looks names up without regard to case.
    const key = name.toLowerCase();
    if (seen.has(key)) throw damaged(`it has two records ${name}`);
    seen.add(key);
  }
}

/**
 * The records of an archive, by their name without the archive's own directory. Sizes, places and names are checked,
 * the bytes are not: see {@link checkBytes}.
 *
 * @throws TagformerError `INVALID_MODEL`
 */
export async function readArchive(file: FileHandle, fileSize: number): Promise<Map<string, ArchiveRecord>> {
  const directory = await findDirectory(file, fileSize);
  const entries = readEntries(await readBytes(file, directory.begin, directory.size), directory.records);
  requireDistinct(entries);
  const unpacked = entries.reduce((sum, { deflated, size }) => sum + (deflated ? size : 0), 0);
  if (unpacked > maxDeflatedBytes) {
    throw damaged(`its compressed records unpack to ${unpacked} bytes; at most ${maxDeflatedBytes} are`);
  }
  const records: ArchiveRecord[] = [];
  for (const entry of entries) records.push(await locate(file, entry));
  requireSeparate(
    records,
    entries.map(({ header }) => header),
    directory.begin,
  );
  const roots = new Set(entries.map(({ name }) => name.slice(0, name.indexOf("/"))));
  if (roots.size !== 1) throw damaged(`it has ${roots.size} top directories; expected one`);
  return new Map(records.map((record) => [record.name.slice(record.name.indexOf("/") + 1), record]));
}

/**
 * The bytes of a record of at most `maxBytes`, unpacked.
 *
 * @throws TagformerError `INVALID_MODEL`
 */
export async function readRecord(file: FileHandle, record: ArchiveRecord, maxBytes: number): Promise<Buffer> {
  const { name, begin, stored, size, deflated } = record;
  if (Math.max(size, stored) > maxBytes) {
    throw damaged(`record ${name} has ${size} bytes; expected at most ${maxBytes}`);
  }
  const bytes = await readBytes(file, begin, stored);
  const unpacked = deflated ? await unpack(name, bytes, size) : bytes;
  if (crc32(unpacked) !== record.crc) throw wrongChecksum(name);
  return unpacked;
}

async function unpack(name: string, bytes: Buffer, size: number): Promise<Buffer> {
  let unpacked: Buffer;
  try {
    unpacked = await promisify(inflateRaw)(bytes, { maxOutputLength: Math.max(size, 1) });
  } catch (error) {
    throw damaged(`record ${name} cannot be unpacked to its ${size} bytes (${messageOf(error)})`);
  }
  if (unpacked.length !== size)
    throw damaged(`record ${name} unpacks to ${unpacked.length} bytes, not ${size}`);
  return unpacked;
}

/**
 * Compares a record's bytes with its checksum; those that are not deflated, a piece at a time.
 *
 * @throws TagformerError `INVALID_MODEL`, or the signal's reason
 */
export async function checkBytes(
  file: FileHandle,
  record: ArchiveRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (record.deflated) {
    await readRecord(file, record, maxDeflatedBytes);
    return;
  }
  let crc = 0;
  for (let done = 0; done < record.size; done += chunkBytes) {
    signal?.throwIfAborted();
    crc = crc32(await readBytes(file, record.begin + done, Math.min(chunkBytes, record.size - done)), crc);
  }
  if (crc !== record.crc) throw wrongChecksum(record.name);
}

function wrongChecksum(name: string): TagformerError {
  return damaged(`record ${name} is damaged: its bytes do not have the checksum that the archive tells`);
}
