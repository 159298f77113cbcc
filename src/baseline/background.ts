// Fits a bag of words beside the event loop.
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, TagformerError } from "../base/errors.js";
import { generator } from "../base/random.js";
import type { Dataset } from "../data/dataset.js";
import { packageRoot } from "../install/locations.js";
import type { CallOptions } from "../native/types.js";
import { usualInversePenalty } from "./bag-of-words.js";
import type { BaselineReply, BaselineTask, FittedBaseline } from "./task.js";

/** The thread runs the bundled file, whether or not this one was compiled. */
const threadFile = join(packageRoot, "dist", "bundle", "baseline-thread.js");

/** More rows change little, and a table of millions would take the memory of its texts once more. */
const mostTrainingRows = 200_000;
/** Texts sent at once: unpacking and sending them takes the event loop a few milliseconds. */
const textsAtOnce = 256;

/** Some rows of a dataset. */
export interface BaselineRows {
  readonly dataset: Dataset;
  readonly origin: Int32Array;
}

/** A fitted bag of words, and what it says of other rows. */
export interface BaselineResult extends Pick<FittedBaseline, "file" | "terms" | "grams"> {
  /** Rows that it learned from: of a larger table a seeded sample. */
  readonly trainingRows: number;
  /** Of each part that was to be scored, `[rows * labels]`. */
  readonly logits: readonly Float32Array[];
}

/**
 * Fits a bag of words to some rows and scores others, on a thread of its own.
 *
 * @param seed of the sample where there are more rows than it takes
 * @throws TagformerError `INTERNAL`; the reason of the signal, which ends the thread
 */
export async function fitBaseline(
  training: BaselineRows,
  scored: readonly BaselineRows[],
  seed: number,
  { signal }: CallOptions = {},
): Promise<BaselineResult> {
  signal?.throwIfAborted();
  const { labelNames } = training.dataset;
  const rows = sampleOf(training.origin, seed);
  const task: BaselineTask = {
    labelNames,
    targets: targetsOf(training.dataset, rows),
    trainingTexts: rows.length,
    inversePenalty: usualInversePenalty,
  };
  const { logits, ...fitted } = await runThread(task, [{ ...training, origin: rows }, ...scored], signal);
  let at = 0;
  const parts = scored.map(({ origin }) => {
    const length = origin.length * labelNames.length;
    at += length;
    return logits.subarray(at - length, at);
  });
  return { ...fitted, trainingRows: rows.length, logits: parts };
}

function sampleOf(rows: Int32Array, seed: number): Int32Array {
  if (rows.length <= mostTrainingRows) return rows;
  return generator(seed, "baseline").shuffle(rows.slice()).subarray(0, mostTrainingRows).sort();
}

function targetsOf({ labels, labelNames, weights }: Dataset, rows: Int32Array): BaselineTask["targets"] {
  const width = labelNames.length;
  const chosen = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) chosen.set(labels.subarray(row * width, (row + 1) * width), i * width);
  return { labels: chosen, ...(weights && { weights: Float32Array.from(rows, (row) => weights[row]!) }) };
}

async function runThread(
  task: BaselineTask,
  parts: readonly BaselineRows[],
  signal: AbortSignal | undefined,
): Promise<FittedBaseline> {
  // Without the process's own flags: --input-type, which `node -e` takes, would end a thread that runs a file.
  const worker = new Worker(threadFile, { workerData: task, execArgv: [] });
  const texts = piecesOf(parts);
  const stop = () => void worker.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.on("error", (error) => reject(failed(messageOf(error), error)));
      worker.on("exit", (code) => reject(failed(`exit code ${code}`)));
      worker.on("message", (reply: BaselineReply) => {
        try {
          if (reply === "more") worker.postMessage(texts.next().value ?? null);
          else if ("fitted" in reply) resolve(reply.fitted);
          else reject(failed(reply.failure));
        } catch (error) {
          reject(error); // the texts of a dataset may be anybody's
        }
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function* piecesOf(parts: readonly BaselineRows[]): Generator<string[]> {
  for (const { dataset, origin } of parts) {
    for (let first = 0; first < origin.length; first += textsAtOnce) {
      const rows = origin.subarray(first, first + textsAtOnce);
      yield Array.from(rows, (row) => dataset.texts.at(row)!);
    }
  }
}

function failed(why: string, cause?: unknown): TagformerError {
  return new TagformerError("INTERNAL", `the thread of the bag of words ended (${why})`, { cause });
}
