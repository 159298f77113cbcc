// Fits a bag of words beside the event loop.

import type { CallOptions } from "../base/cancel.js";
import { generator } from "../base/random.js";
import { runThread } from "../base/thread.js";
import type { Dataset } from "../data/dataset.js";
import { usualInversePenalty } from "./bag-of-words.js";
import type { BaselineTask, FittedBaseline } from "./task.js";

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
  const { labelNames } = training.dataset;
  const rows = sampleOf(training.origin, seed);
  const task: BaselineTask = {
    labelNames,
    targets: targetsOf(training.dataset, rows),
    trainingTexts: rows.length,
    inversePenalty: usualInversePenalty,
  };
  const texts = piecesOf([{ ...training, origin: rows }, ...scored]);
  const { logits, ...fitted } = await runThread<FittedBaseline>({
    file: "baseline-thread",
    title: "the thread of the bag of words",
    workerData: task,
    signal,
    supply: () => texts.next().value ?? null,
  });
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

function targetsOf(dataset: Dataset, rows: Int32Array): BaselineTask["targets"] {
  const { weights } = dataset;
  const labels = labelsOf({ dataset, origin: rows });
  return { labels, ...(weights && { weights: Float32Array.from(rows, (row) => weights[row]!) }) };
}

/** The labels of some rows, `[rows * labels]`. */
export function labelsOf({ dataset: { labels, labelNames }, origin }: BaselineRows): Float32Array {
  const width = labelNames.length;
  const chosen = new Float32Array(origin.length * width);
  for (const [i, row] of origin.entries())
    chosen.set(labels.subarray(row * width, (row + 1) * width), i * width);
  return chosen;
}

function* piecesOf(parts: readonly BaselineRows[]): Generator<string[]> {
  for (const { dataset, origin } of parts) {
    for (let first = 0; first < origin.length; first += textsAtOnce) {
      const rows = origin.subarray(first, first + textsAtOnce);
      yield Array.from(rows, (row) => dataset.texts.at(row)!);
    }
  }
}
