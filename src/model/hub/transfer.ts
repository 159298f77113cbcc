// One file from the hub into a blob of the cache.
import { stat } from "node:fs/promises";
import { isMissing } from "../../base/errors.js";
import type { Answer, Connection } from "./connection.js";
import { downloadFailed, HubUnreachable } from "./failures.js";
import type { HubFile } from "./listing.js";
import { Part } from "./partial-file.js";
import { Retries } from "./retries.js";

/** Bytes after which a connection that is cut counts as one that worked. */
const progressBytes = 1e6;

/**
 * Downloads a file, and renames it to `blob` when it is whole and has the right hash. What an earlier download left is
 * continued, and a cut connection too.
 *
 * @param onLength is told the bytes that are there
 * @throws TagformerError `DOWNLOAD_FAILED`, the errors of `node:fs`, or the reason of the signal
 */
export async function downloadBlob(
  connection: Connection,
  url: string,
  file: HubFile,
  blob: string,
  onLength: (bytes: number) => void,
): Promise<void> {
  const transfer = new Transfer(connection, url, file, blob, onLength);
  try {
    if (await transfer.run()) return;
    // Bytes may be damaged on their way, or by what was continued; twice in a row is no accident.
    if (await transfer.run()) return;
  } finally {
    await transfer.leave();
  }
  throw downloadFailed(
    `${file.path} of ${connection.model} was downloaded twice, and both times its hash was not ${file.hash}; ` +
      "something between here and the hub changes it, or the hub's copy is damaged",
  );
}

class Transfer {
  #part: Part | undefined;

  constructor(
    readonly connection: Connection,
    readonly url: string,
    readonly file: HubFile,
    readonly blob: string,
    readonly onLength: (bytes: number) => void,
  ) {}

  /** Brings the blob to its place; `false` when its bytes were wrong. */
  async run(): Promise<boolean> {
    const retries = new Retries();
    this.#part = await Part.resume(this.blob, this.file);
    for (;;) {
      const before = this.#part?.length ?? 0;
      try {
        await this.#fill();
        return await this.#finish();
      } catch (error) {
        if (!(error instanceof HubUnreachable)) throw error;
        if ((this.#part?.length ?? 0) - before >= progressBytes) retries.renew();
        await retries.wait(error, this.connection.signal);
      }
    }
  }

  /** Ends with what is there. */
  async leave(): Promise<void> {
    await this.#part?.leave();
  }

  /** Requests what is missing and appends it. */
  async #fill(): Promise<void> {
    const { file, connection } = this;
    if (this.#part?.length === file.size) return;
    if (this.#part && !this.#part.etag) await this.#discard();
    const range: Record<string, string> = this.#part?.etag
      ? { range: `bytes=${this.#part.length}-`, "if-range": this.#part.etag }
      : {};
    const part = await this.#partFor(await connection.get(this.url, range));
    this.onLength(part.length);
    if (part.length < file.size) {
      throw new HubUnreachable(`${file.path} ended after ${part.length} of ${file.size} bytes`);
    }
  }

  async #partFor(answer: Answer): Promise<Part> {
    const part = await this.#accept(answer).catch(async (error) => {
      await answer.discard();
      throw error;
    });
    this.#part = part;
    for await (const chunk of answer.body) {
      await part.append(chunk);
      this.onLength(part.length);
      if (part.length > this.file.size) break;
    }
    return part;
  }

  /** The part that an answer belongs to: the present one when it continues that, otherwise a new one. */
  async #accept(answer: Answer): Promise<Part> {
    const { status, headers } = answer;
    if (headers.get("content-type")?.includes("text/html")) {
      throw downloadFailed(
        `a web page came instead of ${this.file.path} of ${this.connection.model}; check HF_ENDPOINT, and whether a proxy or a login page is in the way`,
      );
    }
    if (this.#part && status === 206 && this.#continues(headers)) return this.#part;
    await this.#discard();
    if (status !== 200) {
      throw new HubUnreachable(`the hub answers ${status} with another part of ${this.file.path} than asked`);
    }
    return Part.create(this.blob, this.file, headers.get("etag"));
  }

  #continues(headers: Headers): boolean {
    const [, first, total] = headers.get("content-range")?.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
    return Number(first) === this.#part?.length && (total === "*" || Number(total) === this.file.size);
  }

  async #discard(): Promise<void> {
    const part = this.#part;
    this.#part = undefined;
    await part?.discard();
  }

  async #finish(): Promise<boolean> {
    const part = this.#part!;
    this.#part = undefined;
    try {
      return await part.finish();
    } catch (error) {
      if (!isMissing(error)) throw error;
      // Another process cleared up: because it had the blob sooner, or found wrong bytes in its own.
      const found = await stat(this.blob).catch(() => null);
      if (found?.size === this.file.size) return true;
      throw new HubUnreachable(`another process deleted the download of ${this.file.path}`, { cause: error });
    }
  }
}
