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
  /** What was measured before in its place, next to which the machine was slow. */
  readonly disturbed?: readonly Measurement[];
}

/** Whether a sample counts; `ceiling` is the speed of the quiet machine. */
export function isQuiet(sample: Pick<Measurement, "speed">, ceiling: number): boolean;

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

/** Of the same machine at two times. */
export interface TwoCeilings {
  readonly before: Ceilings;
  readonly after: Ceilings;
}

/** The higher of both. */
export function highestCeilings(ceilings: TwoCeilings): Ceilings;

/** When a task was measured, and on how fast a machine. */
export interface Circumstances {
  /** ISO 8601. */
  readonly date: string;
  readonly ceilings: TwoCeilings;
}

export interface Report extends Circumstances {
  readonly tasks: readonly MeasuredTask[];
  /** What was compared before anything was timed, by model. */
  readonly parity: Readonly<Record<string, unknown>>;
}

/** One report of several, in the order of the first; tasks of later ones take the place of those of earlier ones. */
export function combine(reports: readonly Report[]): Report & {
  readonly tasks: readonly (MeasuredTask & Circumstances)[];
};

/** The tasks of a combined report with their figures. */
export function figuresOf(report: {
  readonly tasks: readonly (MeasuredTask & Circumstances)[];
}): (MeasuredTask & Circumstances & Figures)[];
