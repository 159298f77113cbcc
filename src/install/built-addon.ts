// Which add-on a process loads: one that setup built on this machine, or else the one that came ready built.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TagformerError } from "../base/errors.js";
import { readTorchVersion } from "./libtorch.js";
import {
  addonDirectory,
  addonName,
  type BuildRecord,
  type BuiltAddon,
  buildRecordName,
  readNativeSources,
} from "./locations.js";
import { findPrebuilt } from "./prebuilt.js";

/**
 * The add-on to load, or `undefined`. One that setup built was asked for (with another libtorch, with CUDA, for changed
 * sources), and comes before the one of the platform's package.
 */
export function findBuiltAddon(): BuiltAddon | undefined {
  return findOwnAddon() ?? findPrebuilt();
}

/** The add-on of these sources that setup built, or `undefined` when there is none or its libtorch has gone or changed. */
function findOwnAddon(): BuiltAddon | undefined {
  const directory = addonDirectory();
  const file = join(directory, addonName);
  const recordFile = join(directory, buildRecordName);
  if (!existsSync(file) || !existsSync(recordFile)) return undefined;
  const record = JSON.parse(readFileSync(recordFile, "utf8")) as BuildRecord;
  return readTorchVersion(record.torchDirectory) === record.torchVersion ? { ...record, file } : undefined;
}

/**
 * The path of the add-on to load.
 *
 * @throws TagformerError `NATIVE_NOT_BUILT`
 */
export async function requireBuiltAddon(): Promise<string> {
  await readNativeSources();
  const addon = findBuiltAddon();
  if (addon !== undefined) return addon.file;
  throw new TagformerError(
    "NATIVE_NOT_BUILT",
    "tagformer's native add-on is not there for this machine and version; run `npx tagformer setup` once",
  );
}
