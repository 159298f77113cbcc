// One model's folder in the shared cache, in the layout of huggingface_hub: `models--owner--name` with
// `blobs/<hash>`, `refs/<revision>` (a commit) and `snapshots/<commit>/<file>`, a link to the blob.
import { randomUUID } from "node:crypto";
import { copyFile, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeDirectories } from "../../base/directories.js";
import {
  bertVocabularyFile,
  configFile,
  tokenizerFile,
  weightsFile,
  weightsIndexFile,
} from "../file-names.js";
import { readShardNames } from "../weights.js";
import { type HubFile, isCommit } from "./listing.js";
import type { ModelName } from "./name.js";

/** Files of which a tokenizer has one at least. */
const vocabularyFiles = [
  tokenizerFile,
  bertVocabularyFile,
  "vocab.json",
  "spiece.model",
  "spm.model",
  "sentencepiece.bpe.model",
];

export class ModelCache {
  readonly folder: string;
  readonly #revision: string;

  /** @param cache the directory of all models */
  constructor(cache: string, { repository, revision }: ModelName) {
    this.folder = join(cache, `models--${repository.replace("/", "--")}`);
    this.#revision = revision;
  }

  blob({ hash }: HubFile): string {
    return join(this.folder, "blobs", hash);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  async has(commit: string, { path, size }: HubFile): Promise<boolean> {
    return (await sizeOf(join(this.snapshot(commit), path))) === size;
  }

  async hasBlob(file: HubFile): Promise<boolean> {
    return (await sizeOf(this.blob(file))) === file.size;
  }

  /** Shows a blob under its name in a commit. */
  async link(commit: string, file: HubFile): Promise<void> {
    const path = join(this.snapshot(commit), file.path);
    await makeDirectories(dirname(path));
    const beside = `${path}.${randomUUID()}`;
    // Some file systems have no links; there huggingface_hub makes copies too.
    await symlink(join("..", "..", "blobs", file.hash), beside).catch(() =>
      copyFile(this.blob(file), beside),
    );
    await rename(beside, path);
  }

  /** Notes what the revision is now. Only offline use needs it, so a cache that cannot be written to will do. */
  async remember(commit: string): Promise<void> {
    if (this.#revision === commit || (await this.#commit()) === commit) return;
    const path = join(this.folder, "refs", this.#revision);
    const beside = `${path}.${randomUUID()}`;
    try {
      await makeDirectories(dirname(path));
      await writeFile(beside, commit);
      await rename(beside, path);
    } catch {
      await rm(beside, { force: true }).catch(() => {});
    }
  }

  /** The snapshot of the revision, or the first file that it lacks. */
  async find(): Promise<{ readonly snapshot: string } | { readonly missing: string }> {
    const commit = await this.#commit();
    if (commit === undefined) return { missing: configFile };
    const snapshot = this.snapshot(commit);
    const missing = await missingFile(snapshot);
    return missing === undefined ? { snapshot } : { missing };
  }

  async #commit(): Promise<string | undefined> {
    if (isCommit(this.#revision)) return this.#revision;
    const ref = await readFile(join(this.folder, "refs", this.#revision), "utf8").catch(() => "");
    return isCommit(ref.trim()) ? ref.trim() : undefined;
  }
}

/** The first file that a model directory lacks to be a model with a tokenizer. */
async function missingFile(directory: string): Promise<string | undefined> {
  const has = async (file: string) => (await sizeOf(join(directory, file))) !== undefined;
  if (!(await has(configFile))) return configFile;
  if (!(await Promise.all(vocabularyFiles.map(has))).includes(true)) return tokenizerFile;
  if (await has(weightsFile)) return undefined;
  if (!(await has(weightsIndexFile))) return weightsFile;
  for (const shard of await readShardNames(join(directory, weightsIndexFile))) {
    if (!(await has(shard))) return shard;
  }
  return undefined;
}

/** Bytes of a file, `undefined` when there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}
