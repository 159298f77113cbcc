// Where everything that setup makes lies: in the user's cache, because node_modules does not survive `npm ci`.
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { makeDirectoriesSync } from "../base/directories.js";
import { messageOf } from "../base/errors.js";
import { packageRoot, packageVersion } from "../base/package.js";

/** `TAGFORMER_CACHE`, or `tagformer` in the user's cache directory. */
export function cacheDirectory(): string {
  const { TAGFORMER_CACHE, XDG_CACHE_HOME } = process.env;
  return resolve(TAGFORMER_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "tagformer"));
}

/** Why nothing can be put into {@link cacheDirectory}, or `null`; makes the directory. */
export function cacheProblem(): string | null {
  try {
    makeDirectoriesSync(cacheDirectory());
    accessSync(cacheDirectory(), constants.W_OK);
    return null;
  } catch (error) {
    return `${messageOf(error)}; set TAGFORMER_CACHE to a directory that can be written to`;
  }
}

/** Where setup unpacks the wheel of this libtorch, with the libraries it needs beside it. */
export function fetchedSitePackages(version: string, arch: string = process.arch): string {
  return join(cacheDirectory(), "libtorch", arch === process.arch ? version : `${version}-${arch}`);
}

/** Where setup unpacks the headers of this CUDA that are in no libtorch. */
export function cudaHeadersDirectory(version: string): string {
  return join(cacheDirectory(), "cuda-headers", version, "nvidia", `cu${version.split(".")[0]}`, "include");
}

/** The libtorch in {@link fetchedSitePackages}. */
export function fetchedTorch(version: string): string {
  return join(fetchedSitePackages(version), "torch");
}

/** The version under which setup fetched the libtorch in `directory`; `null` when it is someone else's. */
export function fetchedVersion(directory: string): string | null {
  const version = basename(dirname(directory));
  const ours = fetchedTorch(version);
  return existsSync(ours) && realpathSync(ours) === realpathSync(directory) ? version : null;
}

/** Where CMake works: one directory for each copy of the package, so that a second build compiles only what changed. */
export function buildDirectory(): string {
  return join(cacheDirectory(), "build", digest(packageRoot));
}

/** Where the add-on of exactly these native sources belongs. */
export function addonDirectory(): string {
  return join(cacheDirectory(), "addon", `${sourcesDigest()}-${process.platform}-${process.arch}`);
}

/** File names in {@link addonDirectory}. */
export const addonName = "tagformer.node";
export const cudaLibraryName = "libtagformer_cuda.so";
export const buildRecordName = "build.json";

/** What is known of how an add-on was made. */
export interface BuildRecord {
  readonly torchVersion: string;
  readonly torchDirectory: string;
  readonly compiler: string;
  /** ISO 8601; of an add-on that setup built. */
  readonly date?: string;
}

/** An add-on and the libtorch that it is linked with. */
export interface BuiltAddon extends BuildRecord {
  readonly file: string;
  /** The package that it came in; absent when setup built it. */
  readonly fromPackage?: string;
}

let sourcesDigestOfProcess: string | undefined;

/** Names the native sources: they cannot change while they run, so they are read once. */
function sourcesDigest(): string {
  sourcesDigestOfProcess ??= digestOf(
    nativeSources(readdirSync(nativeDirectory, { recursive: true, encoding: "utf8" })).map((name) => [
      name,
      readFileSync(join(packageRoot, name)),
    ]),
  );
  return sourcesDigestOfProcess;
}

/** Reads the native sources without holding the event loop up; then {@link addonDirectory} does not have to. */
export async function readNativeSources(): Promise<void> {
  if (sourcesDigestOfProcess !== undefined) return;
  const names = nativeSources(await readdir(nativeDirectory, { recursive: true, encoding: "utf8" }));
  const contents = await Promise.all(names.map((name) => readFile(join(packageRoot, name))));
  sourcesDigestOfProcess ??= digestOf(names.map((name, i) => [name, contents[i]!]));
}

const nativeDirectory = join(packageRoot, "native");

function nativeSources(names: readonly string[]): string[] {
  const sources = names.filter((name) => /\.(cc|h|cu)$/.test(name) && !name.startsWith("test"));
  return ["CMakeLists.txt", ...sources.map((name) => join("native", name)).sort()];
}

function digestOf(sources: readonly (readonly [name: string, content: Buffer])[]): string {
  return digest(packageVersion(), ...sources.flat());
}

/** 16 hexadecimal digits; each part is preceded by its length, so that no two lists of parts look alike. */
function digest(...parts: (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}
