import type { Task } from "./protocol.mjs";
import type { Ratio } from "./statistics.mjs";

/** What one process measured. */
export interface Measurement {
  /** Time of each pass over all texts. */
  readonly seconds: readonly number[];
  /** Bytes. */
  readonly peakMemory: number;
  /** Operations per second that large matrix products reached right before or after it, whatever was less. */
  readonly speed: number;
}

export type Ceilings = Readonly<Record<"fp32" | "bf16" | "int8", number>>;

/** A task with what was measured. */
export interface MeasuredTask extends Task {
  readonly texts: number;
  readonly tokens: number;
  /** Of one pass. */
  readonly flops: number;
  /** By contestant, in the order of the rounds. */
  readonly samples: Readonly<Record<string, readonly Measurement[]>>;
}

/** Medians of one contestant. */
export interface Result {
  /** The contestant. */
  readonly key: string;
  /** Median time of a pass. */
  readonly seconds: number;
  readonly textsPerSecond?: number;
  /** Padding does not count. */
  readonly tokensPerSecond?: number;
  /** Necessary operations per second, as a share of the ceiling of the precision. */
  readonly shareOfCeiling?: number;
  readonly peakMemory: number;
  readonly samples: number;
  /** Samples that do not count, because the machine was slow next to them. */
  readonly disturbed: number;
}

/** One of ours against one of theirs. */
export interface Comparison {
  readonly ours: string;
  readonly theirs: string;
  readonly speed: Ratio;
  /** Our peak memory as a share of theirs. */
  readonly memory: number;
  /** Pairs that count. */
  readonly pairs: number;
  readonly dropped: number;
}

export interface Figures {
  readonly results: readonly Result[];
  readonly ratios: readonly Comparison[];
}

/**
 * Figures of one task. Where every sample was disturbed, all count.
 *
 * @param random uniform in [0, 1), for the resampling
 */
export function summarize(
  task: Pick<MeasuredTask, "work" | "texts" | "tokens" | "flops" | "samples">,
  ceilings: Ceilings,
  random?: () => number,
): Figures;

/** The tasks of a report with their figures. */
export function figuresOf(report: {
  readonly tasks: readonly MeasuredTask[];
  readonly ceilings: { readonly before: Ceilings; readonly after: Ceilings };
}): (MeasuredTask & Figures)[];
