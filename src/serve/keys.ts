// Keys that clients send as a bearer token, from a file that is read again when it changes.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { messageOf, TagformerError } from "../base/errors.js";

/** Milliseconds within which a changed file is read. */
const checkedEvery = 1000;

/** The keys of a file, one a line; empty lines and those that begin with `#` are none. */
export class Keys {
  readonly #path: string;
  readonly #onFailure: (message: string) => void;
  readonly #changed = () => this.#readAgain();
  #digests: readonly Buffer[];

  /**
   * @param onFailure told when a changed file cannot be read: the former keys then stay
   * @throws TagformerError `INVALID_OPTION` when the file cannot be read or has no key
   */
  constructor(path: string, onFailure: (message: string) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#digests = readDigests(path);
    watchFile(path, { interval: checkedEvery, persistent: false }, this.#changed);
  }

  /** Whether a header `authorization` holds one of the keys; takes as long for a wrong key as for a right one. */
  accept(authorization: string | undefined): boolean {
    const [, token = ""] = /^Bearer +(\S+)\s*$/i.exec(authorization ?? "") ?? [];
    const digest = digestOf(token);
    let isKnown = false;
    for (const key of this.#digests) isKnown = timingSafeEqual(key, digest) || isKnown;
    return isKnown;
  }

  close(): void {
    unwatchFile(this.#path, this.#changed);
  }

  #readAgain(): void {
    try {
      this.#digests = readDigests(this.#path);
    } catch (error) {
      this.#onFailure(`${messageOf(error)}; the former keys stay`);
    }
  }
}

function readDigests(path: string): Buffer[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new TagformerError(
      "INVALID_OPTION",
      `the file of keys ${path} cannot be read: ${messageOf(error)}`,
    );
  }
  const keys = text.split(/\r?\n/).map((line) => line.trim());
  const digests = keys.filter((key) => key !== "" && !key.startsWith("#")).map(digestOf);
  if (digests.length > 0) return digests;
  throw new TagformerError("INVALID_OPTION", `the file of keys ${path} has no key; write one a line`);
}

/** Of equal length whatever the key, so that comparing tells nothing about it. */
function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
