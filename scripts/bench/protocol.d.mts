import type { Architecture, EncoderShape } from "./flops.mjs";

export type ModelName = "base" | "xlnet" | "minilm";
export type Work = "train" | "predict" | "start";

export interface BenchModel {
  readonly title: string;
  readonly type: Architecture;
  readonly shape: EncoderShape;
  /** Its weights are MiniLM's; otherwise they are random. */
  readonly pretrained?: boolean;
  /** Is exported for the peers that read that. */
  readonly onnx?: boolean;
}

/** One piece of work of one model. */
export interface Task {
  readonly model: ModelName;
  /** What `--only` calls it. */
  readonly name: string;
  /** What it is, in few words. */
  readonly short: string;
  /** With which texts. */
  readonly title: string;
  readonly work: Work;
  /** Which texts, see python/workload.py. */
  readonly set: string;
  readonly batchSize?: number;
  /** Calls before the clock runs. */
  readonly warmUp?: number;
  /** Passes over all texts that are timed. */
  readonly passes?: number;
  /** More than these are not taken: its samples take long. */
  readonly mostPairs?: number;
  /** Keys of `contestants`. */
  readonly contestants: readonly string[];
}

export const models: Readonly<Record<ModelName, BenchModel>>;
/** The names of all tasks. */
export const works: readonly string[];

/** The tasks of some models, in the order of the names. */
export function tasksOf(models: readonly ModelName[], works: readonly string[]): Task[];
