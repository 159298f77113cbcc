/** How the decisions on some labelled elements came out. */
export interface Counts {
  /** Set, and rightly so. */
  readonly truePositives: number;
  /** Set, though the label is not. */
  readonly falsePositives: number;
  /** Not set, though the label is. */
  readonly falseNegatives: number;
  /** Not set, and rightly so. */
  readonly trueNegatives: number;
}

/** How good decisions are, each figure between 0 and 1, and 0 where it is a division by zero. */
export interface DecisionMetrics {
  /** Share of the decisions to set a label that are right. */
  readonly precision: number;
  /** Share of the labels that are set which was found. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
  /** Share of the labels set or given that are both. */
  readonly jaccard: number;
}

/** {@link DecisionMetrics} of {@link Counts}. */
export function decisionMetrics(counts: Counts): DecisionMetrics {
  const { truePositives, falsePositives, falseNegatives } = counts;
  return {
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + falseNegatives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    jaccard: ratio(truePositives, truePositives + falsePositives + falseNegatives),
  };
}

/**
 * Counts the elements `start, start + stride, ...` (`count` of them) of truth and decisions: one label's column, or one row.
 *
 * @param truth 0 or 1; NaN is left out
 * @param decisions 0 or 1
 */
export function countDecisions(
  truth: Float32Array,
  decisions: Uint8Array,
  start: number,
  stride: number,
  count: number,
): Counts {
  const outcomes: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = start, end = start + stride * count; i < end; i += stride) {
    const set = truth[i]!;
    if (!Number.isNaN(set)) outcomes[(2 * set + decisions[i]!) as 0 | 1 | 2 | 3]++;
  }
  const [trueNegatives, falsePositives, falseNegatives, truePositives] = outcomes;
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

/** The sum of several {@link Counts}. */
export function sumCounts(parts: readonly Counts[]): Counts {
  return parts.reduce((sum, part) => ({
    truePositives: sum.truePositives + part.truePositives,
    falsePositives: sum.falsePositives + part.falsePositives,
    falseNegatives: sum.falseNegatives + part.falseNegatives,
    trueNegatives: sum.trueNegatives + part.trueNegatives,
  }));
}

/** Number of elements that were counted. */
export function labelledIn(counts: Counts): number {
  return counts.truePositives + counts.falsePositives + counts.falseNegatives + counts.trueNegatives;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
