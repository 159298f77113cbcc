/** How often labels meet, `[label][label]` in the order of `labels`: pictures of co-occurrence and confusion. */
export interface LabelPairs {
  /** The labels that are shown: the most frequent ones, when there are more than fifty. */
  readonly labels: readonly string[];
  /** Rows in which both labels are truly set; on the diagonal, the label itself. */
  readonly together: readonly (readonly number[])[];
  /** Rows in which both labels were given. */
  readonly givenTogether: readonly (readonly number[])[];
  /** Rows in which the first label was missed and the second given wrongly; 0 on the diagonal. */
  readonly mistakenFor: readonly (readonly number[])[];
}

/** A picture of more pairs than these would show nothing. */
const mostLabels = 50;

/**
 * Counts {@link LabelPairs}.
 *
 * @param truth `[rows * labels]`, 0 or 1; NaN is left out
 * @param decisions `[rows * labels]`, 0 or 1
 */
export function countPairs(
  truth: Float32Array,
  decisions: Uint8Array,
  labelNames: readonly string[],
): LabelPairs {
  const width = labelNames.length;
  const shown = mostFrequent(truth, width);
  const together = square(shown.length);
  const givenTogether = square(shown.length);
  const mistakenFor = square(shown.length);
  for (let start = 0; start < truth.length; start += width) {
    const places = [...shown.keys()];
    const where = (test: (i: number) => boolean) => places.filter((place) => test(start + shown[place]!));
    const set = where((i) => truth[i] === 1);
    const given = where((i) => decisions[i] === 1 && !Number.isNaN(truth[i]!));
    const missed = where((i) => truth[i] === 1 && decisions[i] === 0);
    const wrong = where((i) => truth[i] === 0 && decisions[i] === 1);
    count(together, set, set);
    count(givenTogether, given, given);
    count(mistakenFor, missed, wrong);
  }
  return { labels: shown.map((label) => labelNames[label]!), together, givenTogether, mistakenFor };
}

/** The labels to show, in their own order. */
function mostFrequent(truth: Float32Array, width: number): number[] {
  const frequencies = new Uint32Array(width);
  for (let i = 0; i < truth.length; i++) if (truth[i] === 1) frequencies[i % width]!++;
  const byFrequency = [...frequencies.keys()].sort((a, b) => frequencies[b]! - frequencies[a]! || a - b);
  return byFrequency.slice(0, mostLabels).sort((a, b) => a - b);
}

function square(size: number): number[][] {
  return Array.from({ length: size }, () => new Array<number>(size).fill(0));
}

function count(pairs: number[][], firsts: readonly number[], seconds: readonly number[]): void {
  for (const first of firsts) for (const second of seconds) pairs[first]![second]!++;
}
