/** The middle value, or the mean of the two in the middle; throws when there are none. */
export function median(values: readonly number[]): number;

/** How many times as large the first of each pair is. */
export interface Ratio {
  /** Median of the ratios of the pairs. */
  readonly median: number;
  /** Ends of its 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
}

/**
 * Ratio of two rows of samples that were taken in pairs, so that what slowed the machine for a while cancels out.
 *
 * @param random uniform in [0, 1), for the resampling
 */
export function pairedRatio(theirs: readonly number[], ours: readonly number[], random?: () => number): Ratio;
