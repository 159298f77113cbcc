// What is known of a TorchScript file before any of it is loaded.
import { type FileHandle, open } from "node:fs/promises";
import { invalidModel, messageOf, TagformerError } from "../../base/errors.js";
import { maxPointerBytes, refuseLfsPointer } from "../lfs.js";
import { type ArchiveRecord, checkBytes, readArchive, readRecord } from "./archive.js";
import { checkCode } from "./code.js";
import { checkPickle } from "./pickle.js";

const maxPickleBytes = 16e6;
/** All source code together; a traced BERT-large has one megabyte. */
const maxCodeBytes = 16e6;

const knownRecords =
  /^((data|constants|traced_inputs)\.pkl|(\.data\/)?version|byteorder|\.format_version|\.storage_alignment|\.data\/serialization_id|(data|constants|traced_inputs)\/\d+|code\/.+\.py(\.debug_pkl)?|extra\/.+)$/;

/**
 * Checks a TorchScript file without running or building anything of it: the archive's structure, every record's
 * checksum, that its pickles name nothing but plain tensors and the module's own classes, and that its source holds
 * nothing that would run while it is loaded.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file; or the signal's reason
 */
export async function checkTorchScriptFile(path: string, signal?: AbortSignal): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const stat = await file.stat();
    if (!stat.isFile()) throw invalidModel("not a regular file");
    if (stat.size < maxPointerBytes) refuseLfsPointer("it", await file.readFile());
    await checkRecords(file, await readArchive(file, stat.size), signal);
  } catch (error) {
    signal?.throwIfAborted();
    const code = error instanceof TagformerError ? error.code : "IO";
    throw new TagformerError(code, `${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    await file?.close();
  }
}

async function checkRecords(
  file: FileHandle,
  records: ReadonlyMap<string, ArchiveRecord>,
  signal: AbortSignal | undefined,
): Promise<void> {
  requireModule(records);
  const code = [...records].filter(([name]) => /^code\/.*\.py$/.test(name));
  const codeBytes = code.reduce((sum, [, { size }]) => sum + size, 0);
  if (codeBytes > maxCodeBytes) {
    throw invalidModel(`it has ${codeBytes} bytes of code; at most ${maxCodeBytes} are read`);
  }
  for (const record of records.values()) await checkBytes(file, record, signal);
  for (const [name, record] of code) {
    checkCode(name, (await readRecord(file, record, maxCodeBytes)).toString("utf8"));
  }
  for (const [name, record] of records) {
    const sizeOf = storageSizes(name, records);
    if (sizeOf) checkPickle(name, await readRecord(file, record, maxPickleBytes), sizeOf);
  }
}

/** Bytes of the records that a pickle may name, by their keys; `undefined` for what is no pickle. */
function storageSizes(
  name: string,
  records: ReadonlyMap<string, ArchiveRecord>,
): ((key: string) => number | undefined) | undefined {
  switch (name) {
    case "data.pkl":
    case "constants.pkl":
      return (key) => records.get(`${name.replace(".pkl", "")}/${key}`)?.size;
    case "traced_inputs.pkl":
      // What a module was traced with is written without its bytes, and never looked at.
      return () => Number.POSITIVE_INFINITY;
    default:
      // Where source lines came from, which libtorch reads when it has to tell of an error.
      return name.endsWith(".debug_pkl") ? () => undefined : undefined;
  }
}

function requireModule(records: ReadonlyMap<string, ArchiveRecord>): void {
  const unknown = [...records.keys()].find((name) => !knownRecords.test(name));
  const isModule = records.has("data.pkl") && records.has("constants.pkl");
  if (isModule && unknown === undefined) return;
  if (records.has("data.pkl") && !records.has("constants.pkl")) {
    throw invalidModel(
      "it was written by torch.save and holds no code; expected a module saved with torch.jit.save",
    );
  }
  throw invalidModel(
    isModule
      ? `it has a record ${unknown}, which torch.jit.save does not write`
      : "it is no TorchScript module",
  );
}
