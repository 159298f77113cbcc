import type { Configuration } from "./plan.mjs";
import type { Ratio } from "./statistics.mjs";

/** What one process measured. */
export interface Measurement {
  /** Time of each pass over all rows. */
  readonly seconds: readonly number[];
  /** Bytes. */
  readonly peakMemory: number;
}

export interface Result {
  readonly name: string;
  readonly precision: "fp32" | "bf16";
  /** Median time of a pass. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
  /** Padding does not count. */
  readonly tokensPerSecond: number;
  /** Necessary operations per second, as a share of the ceiling of the precision. */
  readonly shareOfCeiling: number;
  readonly peakMemory: number;
  readonly samples: readonly Measurement[];
}

/** Ours against each of theirs. */
export interface Comparison {
  readonly name: string;
  readonly against: readonly (Ratio & { readonly name: string })[];
}

/**
 * Figures of one model and work.
 *
 * @param run.flops operations of one pass, see `workloadFlops`
 * @param run.ceilings operations per second of large matrix products
 * @param run.samplesOf what was measured, in the order of the rounds
 */
export function summarize(run: {
  readonly rows: number;
  readonly tokens: number;
  readonly flops: number;
  readonly ceilings: Readonly<Record<"fp32" | "bf16", number>>;
  readonly samplesOf: (configuration: Configuration) => readonly Measurement[];
  readonly random?: () => number;
}): { results: Result[]; ratios: Comparison[] };

/** The table of figures, one line a configuration. */
export function renderFigures(results: readonly Result[]): string;

/** The table of ratios: theirs down, ours across. */
export function renderRatios(ratios: readonly Comparison[]): string;
