import type { EncoderShape } from "./flops.mjs";

export type ModelName = "base" | "minilm";
export type Work = "train" | "predict";

/** One contestant. */
export interface Configuration {
  readonly name: string;
  readonly side: "ours" | "theirs";
  readonly precision: "fp32" | "bf16";
  /** How their batches are made of the rows; ours are never padded. */
  readonly batches?: "padded" | "grouped";
  readonly fused?: boolean;
}

/** One sample to take: a process of its own. */
export interface Sample {
  readonly model: ModelName;
  readonly work: Work;
  readonly configuration: Configuration;
}

export interface BenchOptions {
  readonly help: boolean;
  readonly quick: boolean;
  readonly pairs: number;
  readonly models: readonly ModelName[];
  readonly works: readonly Work[];
  readonly threads: number;
}

/** The models; `passes` is how often a sample of training goes over all rows after the warm-up. */
export const models: Readonly<
  Record<ModelName, { readonly title: string; readonly shape: EncoderShape; readonly passes: number }>
>;
export const works: readonly Work[];
export const configurations: readonly Configuration[];
export const help: string;

/** The command's options; throws with a sentence for the user when one is unknown or out of range. */
export function readOptions(parameters: readonly string[], cores: number): BenchOptions;

/** All samples in the order in which to take them. */
export function schedule(options: Pick<BenchOptions, "pairs" | "models" | "works">): Sample[];

/** Names what a sample measures. */
export function keyOf(sample: Sample): string;

/** Time that these samples will take, from the last duration of each; `undefined` while one was never taken. */
export function remainingSeconds(
  left: readonly Sample[],
  lastSeconds: ReadonlyMap<string, number>,
): number | undefined;
