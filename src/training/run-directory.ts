// The checkpoints of the run that writes a model directory: beside it, because it is replaced as a whole.

import type { Dirent } from "node:fs";
import { readdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { makeDirectories } from "../base/directories.js";
import { isMissing } from "../base/errors.js";
import { flushDirectory } from "../base/whole-file.js";
import { isJsonObject } from "../model/json-file.js";
import {
  type Checkpoint,
  type CheckpointSummary,
  completeCheckpoint,
  nameOfCheckpoint,
  numberOfCheckpoint,
  type RunMemory,
  readCheckpoint,
  readSummary,
  UnusableCheckpoint,
} from "./checkpoint.js";

/** Checkpoints that stay: when the newer one is damaged there is the older. */
export const keptCheckpoints = 2;
const writingPrefix = "writing-";
const removingPrefix = "removing-";
const progressFile = "progress.json";

/** How far a run was seen to come; what it made after its last checkpoint is lost when it is killed. */
interface Progress {
  readonly step: number;
  /** ISO 8601. */
  readonly at: string;
}

/** A checkpoint that was skipped, and why. */
export interface Skipped {
  readonly directory: string;
  readonly reason: string;
}

/** What a search for a checkpoint came to. */
interface Found<T> {
  /** `null` where there is none. */
  readonly checkpoint: T | null;
  /** Those that are newer and cannot be used. */
  readonly skipped: readonly Skipped[];
}

export class RunDirectory {
  readonly path: string;

  /** @param target the model directory, absolute and without links */
  constructor(target: string) {
    this.path = join(dirname(target), `.${basename(target)}.run`);
  }

  /** The name of the model directory that the name of a run's directory belongs to; `null` for other names. */
  static modelOf(name: string): string | null {
    return /^\.(.+)\.run$/.exec(name)?.[1] ?? null;
  }

  /** The newest checkpoint by its manifest; whether its files are whole is not looked at. */
  async newestSummary(): Promise<Found<CheckpointSummary>> {
    return await this.#newest(readSummary);
  }

  /** The newest checkpoint that is whole. */
  async newest(): Promise<Found<Checkpoint>> {
    return await this.#newest(readCheckpoint);
  }

  async #newest<T>(read: (directory: string) => Promise<T>): Promise<Found<T>> {
    const skipped: Skipped[] = [];
    for (const number of await this.#numbers()) {
      const directory = this.#placeOf(number);
      try {
        return { checkpoint: await read(directory), skipped };
      } catch (error) {
        if (!(error instanceof UnusableCheckpoint)) throw error;
        skipped.push({ directory, reason: error.message });
      }
    }
    return { checkpoint: null, skipped };
  }

  /** Makes an empty directory for the next checkpoint; {@link publish} gives it its name. */
  async begin(): Promise<{ readonly directory: string; readonly number: number }> {
    const number = ((await this.#numbers())[0] ?? 0) + 1;
    const directory = join(this.path, `${writingPrefix}${number}`);
    await rm(directory, { recursive: true, force: true });
    if ((await makeDirectories(directory)) === this.path) await flushDirectory(dirname(this.path));
    return { directory, number };
  }

  /** Completes a checkpoint that was begun, and removes the older ones that are no longer kept. */
  async publish(
    directory: string,
    summary: Omit<CheckpointSummary, "directory">,
    memory: RunMemory,
  ): Promise<void> {
    await completeCheckpoint(directory, summary, memory);
    await rename(directory, this.#placeOf(summary.number));
    await flushDirectory(this.path);
    for (const number of (await this.#numbers()).slice(keptCheckpoints)) await this.#remove(number);
  }

  /** Removes what killed processes left. Only for the holder of the model directory's lock. */
  async tidy(): Promise<void> {
    for (const { name } of await this.#entries()) {
      if (!name.startsWith(writingPrefix) && !name.startsWith(removingPrefix)) continue;
      await rm(join(this.path, name), { recursive: true, force: true });
    }
  }

  /** Removes everything, when the run is over or is begun anew. */
  async clear(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  /** Notes how far the run has come, for those who ask what was lost. Not flushed: what a crash of the machine takes is a hint. */
  async noteProgress(progress: Progress): Promise<void> {
    await writeFile(join(this.path, progressFile), JSON.stringify(progress)).catch(() => {});
  }

  /** `null` where that is not known. */
  async progress(): Promise<Progress | null> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.path, progressFile), "utf8"));
      const isProgress =
        isJsonObject(value) && typeof value.step === "number" && typeof value.at === "string";
      return isProgress ? (value as unknown as Progress) : null;
    } catch {
      return null;
    }
  }

  /** Bytes that may still be written beside the model directory; `null` where the system does not say. */
  async freeBytes(): Promise<number | null> {
    try {
      const { bavail, bsize } = await statfs(dirname(this.path));
      return bavail * bsize;
    } catch {
      return null;
    }
  }

  #placeOf(number: number): string {
    return join(this.path, nameOfCheckpoint(number));
  }

  /** The numbers of all checkpoints, the newest first. */
  async #numbers(): Promise<number[]> {
    const numbers = (await this.#entries()).flatMap(({ name }) => numberOfCheckpoint(name) ?? []);
    return numbers.sort((a, b) => b - a);
  }

  /** By another name first: a checkpoint of which a half is removed is none. */
  async #remove(number: number): Promise<void> {
    const removing = join(this.path, `${removingPrefix}${number}`);
    await rename(this.#placeOf(number), removing);
    await rm(removing, { recursive: true, force: true });
  }

  async #entries(): Promise<Dirent[]> {
    try {
      return await readdir(this.path, { withFileTypes: true });
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }
}
