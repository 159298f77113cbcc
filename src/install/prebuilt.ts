// The add-on that comes ready built: in an optional package for the platform, with libtorch in another one beside it.
import { copyFileSync, existsSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { makeDirectoriesSync } from "../base/directories.js";
import { messageOf, TagformerError } from "../base/errors.js";
import { packageRoot, packageVersion } from "../base/package.js";
import { readTorchVersion } from "./libtorch.js";
import { addonName, type BuiltAddon, buildRecordName, cacheDirectory } from "./locations.js";

const platform = `${process.platform}-${process.arch}`;

/** The package of the platform's add-on, and that of its libtorch. */
const addonPackage = `@tagformer/${platform}`;
const libtorchPackage = `@tagformer/libtorch-${platform}`;

/** The add-on of the platform's package; `undefined` where it is not installed, or is another version's. */
export function findPrebuilt(): BuiltAddon | undefined {
  const directory = directoryOf(addonPackage, join(packageRoot, "package.json"));
  if (directory === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    version: string;
  };
  const torchDirectory = directoryOf(libtorchPackage, join(directory, "package.json"));
  if (version !== packageVersion() || torchDirectory === undefined) return undefined;
  const record = JSON.parse(readFileSync(join(directory, buildRecordName), "utf8")) as {
    torchVersion: string;
    compiler: string;
  };
  if (readTorchVersion(torchDirectory) !== record.torchVersion) return undefined;
  const file = besideLibtorch(directory, torchDirectory);
  return { ...record, file, torchDirectory, fromPackage: `${addonPackage}@${version}` };
}

/** Where a package that `from` may import is; `undefined` when it is not installed. */
function directoryOf(name: string, from: string): string | undefined {
  try {
    return realpathSync(dirname(createRequire(from).resolve(`${name}/package.json`)));
  } catch {
    return undefined;
  }
}

/**
 * The add-on at a place from where the system's linker finds libtorch, which it looks for in a folder beside the add-on's.
 * So npm, pnpm and Yarn's `node_modules` lay packages; Yarn's Plug'n'Play does not, and there both have a place in the cache.
 */
function besideLibtorch(directory: string, torchDirectory: string): string {
  const file = join(directory, addonName);
  const beside = join(directory, "..", basename(libtorchPackage));
  if (existsSync(beside) && realpathSync(beside) === torchDirectory) return file;
  return placedInCache(file, torchDirectory);
}

function placedInCache(file: string, torchDirectory: string): string {
  const folder = join(cacheDirectory(), "prebuilt", packageVersion());
  const placed = join(folder, platform, addonName);
  const link = join(folder, basename(libtorchPackage));
  try {
    if (existsSync(placed) && existsSync(link) && realpathSync(link) === torchDirectory) return placed;
    makeDirectoriesSync(dirname(placed));
    rmSync(link, { force: true });
    symlinkSync(torchDirectory, link);
    copyFileSync(file, placed);
    return placed;
  } catch (error) {
    throw new TagformerError(
      "NATIVE_LOAD_FAILED",
      `${addonPackage} and ${libtorchPackage} are not beside each other, and cannot be put side by side into ${folder}: ${messageOf(error)}; set TAGFORMER_CACHE to a directory that can be written to`,
      { cause: error },
    );
  }
}
