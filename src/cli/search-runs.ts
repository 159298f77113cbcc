// The trainings of a search: what is made next, by how many processes, and what is known of them after a kill.
import { spawn } from "node:child_process";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDirectories } from "../base/directories.js";
import { typedOptions } from "../base/typed.js";
import { writeWholeText } from "../base/whole-file.js";
import { shareOfMachine } from "../distributed/share.js";
import type { ResolvedSearchOptions } from "../options/search.js";
import { metricNames } from "../report/choices.js";
import { bestFirst, type Job, type JobResult, nextJob, rungShares } from "../training/search/halving.js";
import type { Configuration } from "../training/search/space.js";
import { note } from "./terminal.js";

/** A training that was made. */
export interface SearchResult extends JobResult {
  /** 0 for the search's own seed, then one more for each further one. */
  readonly seedNumber: number;
  readonly values: Configuration;
  readonly microF1: number | null;
  readonly loss: number | null;
  readonly seconds: number;
}

/** A configuration with the means over its seeds, at the greatest length that it reached. */
interface Ranked {
  readonly configuration: number;
  readonly values: Configuration;
  readonly share: number;
  readonly trainings: number;
  readonly means: { readonly averagePrecision: number; readonly microF1: number; readonly loss: number };
}

interface SearchParts {
  readonly options: ResolvedSearchOptions;
  readonly output: string;
  /** Arguments of every training. */
  readonly fixed: readonly string[];
  readonly draw: (number: number) => Configuration;
  readonly epochs?: number;
  readonly threads?: number;
  readonly device?: string;
}

/** Share of the budget after which only finalists are trained. */
const searchShare = 0.8;
const usualEpochs = 3;
/** By what trainings are compared, as `--preset auto` compares its trials. */
export const comparedBy = "microAveragePrecision";
const resultsFile = "results.jsonl";
const main = fileURLToPath(new URL("main.js", import.meta.url));

interface SeededJob extends Job {
  readonly seedNumber: number;
}

export class SearchRuns {
  readonly #parts: SearchParts;
  readonly #results: SearchResult[] = [];
  readonly #running: SeededJob[] = [];
  readonly #started = performance.now();
  /** Minutes that earlier processes of this search took. */
  #earlierMinutes = 0;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** Makes all trainings for which there is time; returns what is known of all. */
  async run(): Promise<readonly SearchResult[]> {
    const { output, options } = this.#parts;
    await makeDirectories(join(output, "logs"));
    await this.#readResults();
    const workers = Array.from({ length: options.jobs }, (_, worker) => this.#work(worker));
    await Promise.all(workers);
    return this.#results;
  }

  /** The configuration with the best mean; `null` where none came to its end. */
  best(): Ranked | null {
    return this.ranking()[0] ?? null;
  }

  /** All configurations, the best first: those that were trained longer, then those with more seeds, come before others. */
  ranking(): Ranked[] {
    const numbers = [...new Set(this.#results.map(({ configuration }) => configuration))];
    const ranked = numbers.flatMap((configuration) => this.#rankedOf(configuration) ?? []);
    return ranked.sort(
      (a, b) =>
        b.share - a.share || b.trainings - a.trainings || b.means.averagePrecision - a.means.averagePrecision,
    );
  }

  #rankedOf(configuration: number): Ranked | null {
    const own = this.#results.filter(
      (result) => result.configuration === configuration && result.figure !== null,
    );
    if (own.length === 0) return null;
    const rung = Math.max(...own.map((result) => result.rung));
    const longest = own.filter((result) => result.rung === rung);
    const mean = (of: (result: SearchResult) => number | null) =>
      longest.reduce((sum, result) => sum + (of(result) ?? 0), 0) / longest.length;
    return {
      configuration,
      values: own[0]!.values,
      share: rungShares[rung]!,
      trainings: longest.length,
      means: {
        averagePrecision: mean(({ figure }) => figure),
        microF1: mean(({ microF1 }) => microF1),
        loss: mean(({ loss }) => loss),
      },
    };
  }

  async #readResults(): Promise<void> {
    const file = join(this.#parts.output, resultsFile);
    const text = await readFile(file, "utf8").catch(() => "");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== text) await writeWholeText(file, whole); // a kill cut the last line
    for (const line of whole.split("\n").slice(0, -1)) this.#results.push(JSON.parse(line) as SearchResult);
    const seconds = this.#results.reduce((sum, result) => sum + result.seconds, 0);
    this.#earlierMinutes = seconds / 60 / this.#parts.options.jobs;
    if (this.#results.length > 0)
      note(`goes on after ${this.#results.length} trainings that were made before`);
  }

  async #work(worker: number): Promise<void> {
    for (;;) {
      const job = this.#next();
      if (job === null && this.#running.length === 0) return;
      if (job === null) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        continue;
      }
      this.#running.push(job);
      const result = await this.#train(job, worker);
      this.#running.splice(this.#running.indexOf(job), 1);
      this.#results.push(result);
      await appendFile(join(this.#parts.output, resultsFile), `${JSON.stringify(result)}\n`);
      note(describeResult(result));
    }
  }

  #next(): SeededJob | null {
    const { budget, trials } = this.#parts.options;
    const minutes = this.#earlierMinutes + (performance.now() - this.#started) / 60_000;
    const first = this.#results.filter(({ seedNumber }) => seedNumber === 0);
    const running = this.#running.filter(({ seedNumber }) => seedNumber === 0);
    const job = nextJob(first, running, trials, minutes < searchShare * budget);
    if (job !== null && minutes < budget) return { ...job, seedNumber: 0 };
    return running.length > 0 || minutes >= budget ? null : this.#nextSeed();
  }

  /** A further seed of a finalist, or nothing more. */
  #nextSeed(): SeededJob | null {
    const { finalists, seeds } = this.#parts.options;
    const rung = rungShares.length - 1;
    const first = this.#results.filter(({ seedNumber }) => seedNumber === 0);
    const jobs = bestFirst(first, rung)
      .slice(0, finalists)
      .flatMap(({ configuration }) =>
        Array.from({ length: seeds - 1 }, (_, i) => ({ configuration, rung, seedNumber: i + 1 })),
      );
    const known: readonly SeededJob[] = [...this.#results, ...this.#running];
    const isKnown = (job: SeededJob) =>
      known.some((one) => one.configuration === job.configuration && one.seedNumber === job.seedNumber);
    return jobs.find((job) => !isKnown(job)) ?? null;
  }

  async #train(job: SeededJob, worker: number): Promise<SearchResult> {
    const { output, fixed, draw, options, threads, device } = this.#parts;
    const values = draw(job.configuration);
    const name = `${job.configuration}-${job.rung}-${job.seedNumber}`;
    const folder = join(output, "trainings", name);
    const share = await shareOfMachine(
      { device: device ?? "auto", threads: threads ?? 0 },
      { localRank: worker, localSize: options.jobs },
      { share: true },
    );
    const own = options.jobs > 1 ? ["--threads", String(share.threads), "--device", share.device] : [];
    const epochs = rungShares[job.rung]! * Number(values.epochs ?? this.#parts.epochs ?? usualEpochs);
    const told = typedOptions({
      preset: "plain",
      ...values,
      epochs,
      seed: options.seed + job.seedNumber,
      bestMetric: comparedBy,
      report: false,
      output: folder,
    });
    const unsaved = ["--no-checkpoints", "--overwrite", "--json"];
    const started = performance.now();
    const { status, stdout, stderr } = await ended(["train", ...fixed, ...own, ...told, ...unsaved]);
    await writeFile(join(output, "logs", `${name}.txt`), stderr);
    await rm(folder, { recursive: true, force: true });
    const figures = status === 0 ? figuresOf(stdout) : { figure: null, microF1: null, loss: null };
    return { ...job, values, ...figures, seconds: (performance.now() - started) / 1000 };
  }
}

/** The figures of the kept epoch in what `tagformer train --json` prints. */
function figuresOf(text: string): Pick<SearchResult, "figure" | "microF1" | "loss"> {
  const { keptEpoch, epochs } = JSON.parse(text);
  const { validation } = epochs.find(({ epoch }: { epoch: number }) => epoch === keptEpoch);
  return {
    figure: validation.micro.averagePrecision ?? 0,
    microF1: validation.micro.f1,
    loss: validation.loss,
  };
}

/** Runs `tagformer` to its end. A signal that ends this process ends it, too. */
async function ended(args: readonly string[]) {
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.kill();
  process.once("exit", stop);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  process.off("exit", stop);
  return { status, ...texts };
}

function describeResult({ configuration, rung, seedNumber, values, figure, seconds }: SearchResult): string {
  const what = Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const seed = seedNumber > 0 ? `, seed ${seedNumber + 1}` : "";
  const found = figure === null ? "failed" : `${metricNames[comparedBy]} ${figure.toFixed(4)}`;
  return `configuration ${configuration} (${what}), ${rungShares[rung]! * 100} % of the length${seed}: ${found}, ${seconds.toFixed(0)} s`;
}
