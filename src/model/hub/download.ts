// A model from the hub into the shared cache: which files it takes, in which order, and what when the hub is away.
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectories } from "../../base/directories.js";
import { cannot, invalidModel, TagformerError } from "../../base/errors.js";
import { configFile, tagformerFile, tokenizerFiles, weightsFile, weightsIndexFile } from "../file-names.js";
import { describeFiles } from "../other-directories.js";
import { readShardNames } from "../weights.js";
import { ModelCache } from "./cache.js";
import { Connection } from "./connection.js";
import { HubUnreachable } from "./failures.js";
import { type HubFile, isCommit, readCommit, readFiles } from "./listing.js";
import type { ModelName } from "./name.js";
import { hubSettings } from "./settings.js";
import { downloadBlob } from "./transfer.js";

/** Files that are named where nothing is known of them. */
const shownFiles = 5;

/** Options of finding a model that may have to be downloaded. */
export interface ResolveOptions {
  /** Ends a download; what is there of it is continued the next time. */
  readonly signal?: AbortSignal | undefined;
  /** Is told the bytes of all files that are being downloaded; not called when all of them are in the cache. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** Asks nothing of the hub and takes the model from the cache; by default what `HF_HUB_OFFLINE` says. */
  readonly offline?: boolean | undefined;
}

/**
 * Brings the files of a model that a classifier needs into the cache. A hub that cannot be reached is no obstacle when
 * the cache has the model; then there is a process warning.
 *
 * @returns the directory of the commit
 * @throws TagformerError `DOWNLOAD_FAILED`, `INVALID_MODEL` or `IO`, or the reason of the signal
 */
export async function downloadModel(
  name: ModelName,
  { signal, onProgress, offline }: ResolveOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const settings = await hubSettings();
  const cache = new ModelCache(settings.cache, name);
  if (offline ?? settings.offline) return findOffline(cache, name);
  const connection = new Connection(settings, name.text, signal);
  try {
    return await new Download(connection, cache, name, onProgress).run();
  } catch (error) {
    if (error instanceof HubUnreachable) return findUnreachable(cache, name, error);
    if (error instanceof TagformerError || (error as NodeJS.ErrnoException | null)?.syscall === undefined) {
      throw error;
    }
    throw cannot(
      `write to the model cache ${settings.cache}`,
      error,
      "set HF_HUB_CACHE or HF_HOME to a directory that can be written to",
    );
  }
}

async function findOffline(cache: ModelCache, { text }: ModelName): Promise<string> {
  const found = await cache.find();
  if ("snapshot" in found) return found.snapshot;
  throw new TagformerError(
    "DOWNLOAD_FAILED",
    `there is no directory ${text}, and ${cache.folder} has no ${found.missing} of it; offline (HF_HUB_OFFLINE) nothing is downloaded`,
  );
}

async function findUnreachable(cache: ModelCache, { text }: ModelName, error: HubUnreachable) {
  const found = await cache.find();
  if (!("snapshot" in found)) {
    const missing = `${text} is no directory, and ${found.missing} of it is not in ${cache.folder}`;
    throw new TagformerError("DOWNLOAD_FAILED", `${error.message}; ${missing}`, { cause: error });
  }
  process.emitWarning(`${error.message}; taking ${text} from the cache as it is`);
  return found.snapshot;
}

class Download {
  constructor(
    readonly connection: Connection,
    readonly cache: ModelCache,
    readonly name: ModelName,
    readonly onProgress: ResolveOptions["onProgress"],
  ) {}

  async run(): Promise<string> {
    const { connection, cache, name } = this;
    const commit = isCommit(name.revision) ? name.revision : await readCommit(connection, name);
    const files = await readFiles(connection, name, commit);
    const weights = await this.#weightFiles(commit, files);
    // Weights come last: a directory that has them has everything.
    const wanted = [configFile, tagformerFile, ...tokenizerFiles, ...weights].flatMap(
      (path) => files.get(path) ?? [],
    );
    await this.#fetch(commit, wanted, this.onProgress);
    await cache.remember(commit);
    return cache.snapshot(commit);
  }

  async #weightFiles(commit: string, files: ReadonlyMap<string, HubFile>): Promise<string[]> {
    if (files.has(weightsFile)) return [weightsFile];
    const index = files.get(weightsIndexFile);
    if (!index) throw noWeights(this.name, files);
    await this.#fetch(commit, [index]);
    return readShardNames(join(this.cache.snapshot(commit), weightsIndexFile));
  }

  /** Makes files appear in the snapshot of a commit. */
  async #fetch(
    commit: string,
    files: readonly HubFile[],
    onProgress?: ResolveOptions["onProgress"],
  ): Promise<void> {
    const missing = [];
    for (const file of files) if (!(await this.cache.has(commit, file))) missing.push(file);
    const download = [];
    for (const file of missing) if (!(await this.cache.hasBlob(file))) download.push(file);
    const total = download.reduce((sum, { size }) => sum + size, 0);
    if (total > 0) await this.#requireSpace(total);
    let done = 0;
    for (const file of missing) {
      if (download.includes(file)) {
        await downloadBlob(this.connection, this.#url(commit, file), file, this.cache.blob(file), (bytes) =>
          onProgress?.(done + bytes, total),
        );
        done += file.size;
      }
      await this.cache.link(commit, file);
    }
  }

  #url(commit: string, { path }: HubFile): string {
    return `${this.connection.endpoint}/${this.name.repository}/resolve/${commit}/${encodeURIComponent(path)}`;
  }

  async #requireSpace(bytes: number): Promise<void> {
    const { folder } = this.cache;
    await makeDirectories(folder);
    const { bavail, bsize, blocks } = await statfs(folder);
    // Some network file systems do not say.
    if (blocks === 0 || bavail * bsize >= bytes) return;
    const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`;
    throw new TagformerError(
      "IO",
      `${folder} has ${megabytes(bavail * bsize)} left, but ${this.name.text} takes ${megabytes(bytes)}; make room, or set HF_HUB_CACHE to a directory on another disk`,
    );
  }
}

function noWeights({ text, repository }: ModelName, files: ReadonlyMap<string, HubFile>): TagformerError {
  const names = [...files.keys()].sort();
  const found = describeFiles(names, `"${repository}"`);
  const shown = names.slice(0, shownFiles).join(", ") || "nothing";
  const what = found || `it holds ${shown}${names.length > shownFiles ? ", ..." : ""}`;
  const isPickle = names.some((name) => name.startsWith("pytorch_model"));
  const otherwise = isPickle
    ? ", the same with AutoTokenizer, and name that directory; or name a revision that has it, such as the one of the hub's conversion bot (name@refs/pr/NUMBER)"
    : "";
  return invalidModel(`${text} on the hub has no ${weightsFile}: ${what}${otherwise}`);
}
