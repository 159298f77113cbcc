// A training that is killed at random moments and resumed, again and again.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Random } from "../../src/base/random.js";
import { csvOf, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";

/** A run that writes a checkpoint every few steps, and takes about a second. */
export class KilledRun {
  readonly #options: object;
  /** What the run leaves when nothing happens to it. */
  readonly #expected: string;
  /** Milliseconds that it then takes, from its start event on. */
  readonly #duration: number;

  private constructor(options: object, expected: string, duration: number) {
    this.#options = options;
    this.#expected = expected;
    this.#duration = duration;
  }

  static async prepare(): Promise<KilledRun> {
    const data = join(temporaryFolder(), "data.csv");
    writeFileSync(data, csvOf(tinyDataset(160)));
    const speed = { epochs: 4, batchSize: 4, learningRate: 3e-3, threads: 1, checkpointSteps: 7 };
    const options = { ...tinySource(), ...speed, data, testSplit: 0.1, report: false };
    const folder = temporaryFolder();
    const started = performance.now();
    await train({ ...options, output: join(folder, "model") });
    return new KilledRun(options, contentOf(folder), performance.now() - started);
  }

  /** Kills the run up to `times` times, and lets it end; returns how often it was hit. */
  async check(times: number, random: Random): Promise<number> {
    const folder = temporaryFolder();
    const run = { ...this.#options, output: join(folder, "model") };
    let hits = 0;
    for (let time = 0; time < times; time++) {
      if (await train(run, random.float() * this.#duration)) break;
      hits++;
    }
    await train(run);
    expect(contentOf(folder), `after ${hits} kills`).toBe(this.#expected);
    rmSync(folder, { recursive: true });
    return hits;
  }
}

/** Trains in another process, which is killed some milliseconds after its start; `true` when it came to its end. */
async function train(run: object, killAfter?: number): Promise<boolean> {
  const child = fork(join(import.meta.dirname, "children", "train.mjs"), [JSON.stringify(run)]);
  const ended = once(child, "exit") as Promise<[number | null, string | null]>;
  if (killAfter !== undefined) {
    // Some are killed before they start, while they read what another one left.
    await Promise.race([
      ended,
      killAfter % 5 < 1 ? sleep(killAfter) : once(child, "message").then(() => sleep(killAfter)),
    ]);
    child.kill("SIGKILL");
  }
  const [status, signal] = await ended;
  if (signal === null) expect(status).toBe(0);
  return signal === null;
}

/** All files of a folder but for times: of a model directory, and whatever is left beside it. */
function contentOf(folder: string): string {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = names.map(({ parentPath, name }) => {
    const text = readFileSync(join(parentPath, name), "latin1");
    return `${parentPath.slice(folder.length)}/${name}\n${text.replaceAll(/"(trainedAt|seconds)": *("[^"]*"|[\d.e-]+)/g, "")}`;
  });
  return files.sort().join("\n");
}
