// A blob on its way: a file that only its maker writes to, hashed as it grows.
import { createHash, type Hash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeDirectories } from "../../base/directories.js";
import { isMissing } from "../../base/errors.js";
import { flushHandle } from "../../base/whole-file.js";
import type { HubFile } from "./listing.js";
import { longestPauseMs } from "./retries.js";

/** Longer ETags are not kept: they have to fit into a file's name. */
const maxEtagBytes = 90;

/**
 * The beginning of a blob.
 *
 * Its file's name carries the ETag of the answer that its bytes came from, so that any process can continue it with
 * `If-Range`. To continue another one's, it is copied: should its maker be alive, nothing it writes gets in here.
 */
export class Part {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #blob: string;
  readonly #file: HubFile;
  readonly #hash: Hash;
  #length = 0;
  /** Strong ETag, with its quotes; without one the part cannot be continued. */
  readonly etag: string | undefined;

  private constructor(handle: FileHandle, path: string, blob: string, file: HubFile, etag?: string) {
    this.#handle = handle;
    this.#path = path;
    this.#blob = blob;
    this.#file = file;
    this.#hash = startHash(file);
    this.etag = etag;
  }

  /** Begins a blob. */
  static async create(blob: string, file: HubFile, etag: string | null): Promise<Part> {
    const strong = etag && /^"[^"]+"$/.test(etag) && etag.length <= maxEtagBytes ? etag : undefined;
    const suffix = strong ? `.${Buffer.from(strong).toString("base64url")}` : "";
    const path = `${blob}.tagformer-${randomBytes(4).toString("hex")}${suffix}.incomplete`;
    await makeDirectories(dirname(blob));
    return new Part(await open(path, "wx"), path, blob, file, strong);
  }

  /** Begins with a copy of the longest part that an earlier download left behind; `undefined` when there is none. */
  static async resume(blob: string, file: HubFile): Promise<Part | undefined> {
    const left = (await partsOf(blob)).filter(({ etag, size }) => etag && size > 0 && size <= file.size);
    const longest = left.sort((a, b) => b.size - a.size)[0];
    if (!longest?.etag) return undefined;
    const part = await Part.create(blob, file, longest.etag);
    try {
      // `end` is the last byte's place: one that grows meanwhile is copied no further.
      const bytes = createReadStream(longest.path, { end: longest.size - 1 });
      for await (const chunk of bytes) await part.append(chunk as Buffer);
    } catch (error) {
      await part.discard();
      if (isMissing(error)) return undefined; // another process is done with it
      throw error;
    }
    if (longest.abandoned) await rm(longest.path, { force: true });
    return part;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    await this.#handle.writeFile(chunk);
    this.#length += chunk.length;
  }

  /**
   * Puts the whole blob in its place and clears up; `false`, and nothing is left, when its bytes are not those of its
   * hash.
   *
   * @throws ENOENT when another process was done sooner, and cleared up
   */
  async finish(): Promise<boolean> {
    const right = this.#length === this.#file.size && this.#hash.digest("hex") === this.#file.hash;
    try {
      if (right) await flushHandle(this.#handle);
    } finally {
      await this.#handle.close();
    }
    if (right) await rename(this.#path, this.#blob);
    for (const { path } of await partsOf(this.#blob)) await rm(path, { force: true });
    return right;
  }

  /** Closes the file, and keeps it for the next download when that can continue it. */
  async leave(): Promise<void> {
    await this.#handle.close();
    if (!this.etag || this.#length === 0) await rm(this.#path, { force: true });
  }

  /** Closes the file and deletes it. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}

/** Large files are named by their sha256; small ones as git names them, by the sha1 of a header and the content. */
function startHash({ hash, size }: HubFile): Hash {
  return hash.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

interface LeftPart {
  readonly path: string;
  readonly etag: string | undefined;
  readonly size: number;
  /** It was last written to so long ago that its writer must have ended. */
  readonly abandoned: boolean;
}

async function partsOf(blob: string): Promise<LeftPart[]> {
  const pattern = /^\.tagformer-[0-9a-f]{8}(?:\.([\w-]+))?\.incomplete$/;
  const parts: LeftPart[] = [];
  for (const name of await readdir(dirname(blob)).catch(() => [])) {
    if (!name.startsWith(basename(blob))) continue;
    const match = name.slice(basename(blob).length).match(pattern);
    const path = join(dirname(blob), name);
    const found = match && (await stat(path).catch(() => null));
    if (!found) continue;
    const etag = match[1] && Buffer.from(match[1], "base64url").toString();
    parts.push({
      path,
      etag,
      size: found.size,
      abandoned: Date.now() - found.mtimeMs > 2 * longestPauseMs,
    });
  }
  return parts;
}
