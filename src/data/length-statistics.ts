// How long texts are: words as Python splits them, and what a list of lengths looks like.

/** What a list of lengths looks like. Plain numbers: it can be written as JSON. */
export interface LengthStatistics {
  /** Mean length. */
  readonly mean: number;
  /** Standard deviation of a sample (n - 1), as pandas gives it; 0 for a single row. */
  readonly deviation: number;
  /** Shortest. */
  readonly least: number;
  /** Longest. */
  readonly most: number;
  /** The length below which each share of the rows lies, interpolated as NumPy does. */
  readonly quantiles: readonly Quantile[];
  /** Rows of each range of lengths, ascending, without gaps; the last range reaches to the longest. */
  readonly histogram: readonly LengthRange[];
}

/** One quantile. */
export interface Quantile {
  /** Share of the rows, 0 to 1. */
  readonly share: number;
  /** The length. */
  readonly length: number;
}

/** One bar of a histogram. */
export interface LengthRange {
  /** Shortest length of the range. */
  readonly from: number;
  /** Longest length of the range, included. */
  readonly to: number;
  /** Rows with such a length. */
  readonly rows: number;
}

const quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
const histogramBars = 40;

/** Describes the lengths of one row or more. */
export function describeLengths(lengths: Int32Array): LengthStatistics {
  const sorted = Int32Array.from(lengths).sort();
  const mean = sorted.reduce((sum, length) => sum + length, 0) / sorted.length;
  const squares = sorted.reduce((sum, length) => sum + (length - mean) ** 2, 0);
  return {
    mean,
    deviation: sorted.length > 1 ? Math.sqrt(squares / (sorted.length - 1)) : 0,
    least: sorted[0]!,
    most: sorted.at(-1)!,
    quantiles: quantileShares.map((share) => ({ share, length: quantile(sorted, share) })),
    histogram: histogram(sorted),
  };
}

function quantile(sorted: Int32Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}

/** Bars of equal width up to the 99th percentile: the few longest rows would squeeze all others into one bar. */
function histogram(sorted: Int32Array): LengthRange[] {
  const least = sorted[0]!;
  const most = sorted.at(-1)!;
  const width = Math.max(1, Math.ceil((quantile(sorted, 0.99) - least + 1) / histogramBars));
  const bars = Math.min(histogramBars, Math.ceil((most - least + 1) / width));
  const rows = new Int32Array(bars);
  for (const length of sorted) rows[Math.min(bars - 1, Math.floor((length - least) / width))]!++;
  return Array.from(rows, (count, i) => ({
    from: least + i * width,
    to: i === bars - 1 ? most : least + (i + 1) * width - 1,
    rows: count,
  }));
}

/** What Python's `str.split()` splits at, which is not quite what `\s` matches. */
const space = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const word = new RegExp(`[^${space}]+`, "g");

/** Number of words, as Python's `len(text.split())`. */
export function countWords(text: string): number {
  let words = 0;
  word.lastIndex = 0;
  while (word.test(text)) words++;
  return words;
}
