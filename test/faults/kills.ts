// A training that is killed at random moments and resumed, again and again.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Random } from "../../src/base/random.js";
import { csvOf, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";

/** A run that writes a checkpoint every few steps, and takes less than a second. */
export class KilledRun implements AsyncDisposable {
  readonly #options: object;
  readonly #training = new TrainingProcess();
  /** What the run leaves when nothing happens to it. */
  #expected = "";
  /** Milliseconds that it takes then, from its start event on: lately, because the machine may have other work. */
  #duration = 0;

  private constructor(options: object) {
    this.#options = options;
  }

  static async prepare(): Promise<KilledRun> {
    const data = join(temporaryFolder(), "data.csv");
    writeFileSync(data, csvOf(tinyDataset(120)));
    const speed = {
      preset: "plain" as const,
      epochs: 3,
      batchSize: 4,
      learningRate: 3e-3,
      threads: 1,
      checkpointSteps: 5,
    };
    const run = new KilledRun({ ...tinySource(), ...speed, data, testSplit: 0.1, report: false });
    const folder = temporaryFolder();
    await run.#end(folder);
    run.#expected = contentOf(folder);
    return run;
  }

  /** Kills the run up to `times` times, and lets it end; returns how often it was hit. */
  async check(times: number, random: Random): Promise<number> {
    const folder = temporaryFolder();
    let hits = 0;
    while (hits < times && (await this.#isKilled(folder, random))) hits++;
    if (hits === times) await this.#end(folder);
    expect(contentOf(folder), `after ${hits} kills`).toBe(this.#expected);
    rmSync(folder, { recursive: true });
    return hits;
  }

  /** One of five is killed before it starts, while it reads what another one left. */
  async #isKilled(folder: string, random: Random): Promise<boolean> {
    const after = random.float() * this.#duration;
    const isEarly = random.below(5) === 0;
    const training = this.#training.begin(this.#optionsOf(folder));
    await Promise.race([training.ended, isEarly ? sleep(after) : training.started.then(() => sleep(after))]);
    return await this.#training.kill(training);
  }

  async #end(folder: string): Promise<void> {
    const training = this.#training.begin(this.#optionsOf(folder));
    // A run that was killed when all was written has nothing left to start.
    const starts = await Promise.race([training.started.then(() => true), training.ended.then(() => false)]);
    const started = performance.now();
    expect(await training.ended).toBe("ended");
    if (starts) this.#duration = performance.now() - started;
  }

  #optionsOf(folder: string): object {
    return { ...this.#options, output: join(folder, "model") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#training[Symbol.asyncDispose]();
  }
}

interface Training {
  readonly started: Promise<unknown>;
  /** `ended`, or how the process did. */
  readonly ended: Promise<string>;
}

/** A process that trains one run after the other, and another one when that was killed. */
class TrainingProcess implements AsyncDisposable {
  #process: { readonly child: ChildProcess; readonly gone: Promise<string> } | null = null;

  begin(run: object): Training {
    this.#process ??= start();
    const { child, gone } = this.#process;
    const started = Promise.race([said(child, "started"), gone]);
    const ended = Promise.race([said(child, "ended"), gone]);
    child.send(run);
    return { started, ended };
  }

  /** `false` when the training had ended. */
  async kill({ ended }: Training): Promise<boolean> {
    const outcome = await Promise.race([ended, setImmediate("runs")]);
    if (outcome === "ended") return false;
    expect(outcome).toBe("runs");
    await this[Symbol.asyncDispose]();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.child.kill("SIGKILL");
    await this.#process?.gone;
    this.#process = null;
  }
}

function start() {
  const child = fork(join(import.meta.dirname, "children", "train.mjs"));
  const gone = once(child, "exit").then(([status, signal]) => `${signal ?? `exit status ${status}`}`);
  return { child, gone };
}

/** Resolves when a process says something for the first time from now on; never when it is gone before. */
function said(child: ChildProcess, expected: string): Promise<string> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if (message !== expected) return;
      child.off("message", listen);
      resolve(expected);
    };
    child.on("message", listen);
  });
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
