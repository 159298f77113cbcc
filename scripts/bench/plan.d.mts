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

/** Who takes part. */
export interface Contestant {
  readonly name: string;
  /** Its name in pictures. */
  readonly short: string;
  readonly side: "ours" | "theirs";
  /** The script that takes its samples. */
  readonly program: string;
  readonly precision: "fp32" | "bf16" | "int8";
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

export interface BenchOptions {
  readonly help: boolean;
  readonly write: boolean;
  readonly pairs: number;
  readonly models: readonly ModelName[];
  readonly works: readonly string[];
  readonly threads: number;
}

export const models: Readonly<Record<ModelName, BenchModel>>;
export const contestants: Readonly<Record<string, Contestant>>;
/** The names of all tasks. */
export const works: readonly string[];
export const help: string;

/** The tasks of some models, in the order of the names. */
export function tasksOf(models: readonly ModelName[], works: readonly string[]): Task[];

/** The command's options; throws with a sentence for the user when one is unknown or out of range. */
export function readOptions(parameters: readonly string[], cores: number): BenchOptions;

/** Whose samples to take, in which order. */
export function schedule(task: Pick<Task, "contestants" | "mostPairs">, pairs: number): string[];

/** Names what a sample measures. */
export function keyOf(task: Task, contestant: string): string;

/** Time that these samples will take; NaN while none was ever taken. */
export function remainingSeconds(left: readonly string[], lastSeconds: ReadonlyMap<string, number>): number;
