// Did it really get better? Two runs judged on the same rows.
import { TagformerError } from "../errors.js";
import { parseOptions, type ResamplingOptions, resamplingOptions } from "../options.js";
import { generator } from "../random.js";
import { byFigure, drawWeights, intervalOf, labelledRows, onceEach } from "./bootstrap.js";
import {
  type Figures,
  type JudgedRows,
  judgeRows,
  type SampleFigures,
  Tally,
  weightedFigures,
} from "./figures.js";
import { checkedRows, type Scores, type Thresholds } from "./scores.js";

/** What one run said about the rows. */
export interface ComparedRun {
  /** Logits or probabilities, `[rows * labels]`, after temperatures. */
  readonly scores: Scores;
  /** Probabilities above which (strictly) a label is set. */
  readonly thresholds: Thresholds;
}

/** One figure of both runs. */
export interface ComparedFigure {
  /** The first run's. */
  readonly first: number;
  /** The second run's. */
  readonly second: number;
  /** `second - first`. */
  readonly difference: number;
  /** Lower end of the difference's confidence interval. */
  readonly low: number;
  /** Upper end of the difference's confidence interval. */
  readonly high: number;
  /**
   * Probability of a difference at least as large, in either direction, if it did not matter which run a row's decisions are
   * of. `null` for figures of rankings: scores of different runs cannot be exchanged.
   */
  readonly p: number | null;
}

/** A label's F1 in both runs. */
export interface ComparedLabel extends ComparedFigure {
  /** The label's name. */
  readonly name: string;
}

/** What {@link compareScores} finds. */
export interface Comparison {
  /** Rows that were compared. */
  readonly rows: number;
  /** Samples of the intervals and of the test. */
  readonly samples: number;
  /** Confidence of the intervals. */
  readonly confidence: number;
  /** `null` where a figure is not defined. */
  readonly figures: Readonly<Record<keyof Figures, ComparedFigure | null>>;
  /** The F1 of each label; the p-values are corrected for their number by Holm's method. */
  readonly labels: readonly ComparedLabel[];
}

/**
 * Compares two runs on the same labelled rows: for each figure the difference, its interval by the paired bootstrap (both runs
 * on the same drawn rows), and a p-value by approximate randomization (Noreen, 1989; Yeh, COLING 2000): the decisions on each
 * row are exchanged between the runs or not, at random, and it is counted how often that gives a difference as large.
 *
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @throws {TagformerError} `INVALID_DATA` when sizes do not fit or nothing is labelled, `NOT_FINITE`, `INVALID_OPTION`
 */
export function compareScores(
  first: ComparedRun,
  second: ComparedRun,
  labels: Float32Array,
  labelNames: readonly string[],
  options: ResamplingOptions = {},
): Comparison {
  const { samples, confidence, seed } = parseOptions(resamplingOptions, options);
  const width = labelNames.length;
  const judged = [first, second].map(({ scores, thresholds }) => {
    checkedRows(scores, labels, labelNames);
    return judgeRows(scores, labels, width, thresholds);
  }) as [JudgedRows, JudgedRows];
  const counted = labelledRows(labels, width);
  if (counted.length === 0)
    throw new TagformerError("INVALID_DATA", "nothing to compare: no row has a label");
  const pairOf = (weights: Uint32Array): Pair => [
    weightedFigures(judged[0], weights),
    weightedFigures(judged[1], weights),
  ];
  const whole = pairOf(onceEach(counted, judged[0].rows));
  const random = generator(seed, "paired bootstrap");
  const drawn = Array.from({ length: samples }, () => pairOf(drawWeights(counted, judged[0].rows, random)));
  const exchanged = exchange(judged, counted, samples, seed);
  const compared = (of: (sample: SampleFigures) => number | null): ComparedFigure | null => {
    const [one, other] = whole.map(of);
    const difference = intervalOf(whole, drawn, confidence, (pair) => differenceOf(pair, of));
    if (one == null || other == null || difference === null) return null;
    const { value, low, high } = difference;
    return { first: one, second: other, difference: value, low, high, p: pValue(value, exchanged, of) };
  };
  const ofLabels = labelNames.map((name, i) => ({ name, ...compared(({ labelF1 }) => labelF1[i]!)! }));
  const corrected = holm(ofLabels.map(({ p }) => p!));
  return {
    rows: counted.length,
    samples,
    confidence,
    figures: byFigure((name) => compared(({ figures }) => figures[name])),
    labels: ofLabels.map((label, i) => ({ ...label, p: corrected[i]! })),
  };
}

/** The figures of the first and the second run. */
type Pair = readonly [SampleFigures, SampleFigures];

function differenceOf([first, second]: Pair, of: (sample: SampleFigures) => number | null): number | null {
  const [one, other] = [of(first), of(second)];
  return one === null || other === null ? null : other - one;
}

/** The figures of the runs after random exchanges of their rows. */
function exchange(
  [first, second]: readonly [JudgedRows, JudgedRows],
  counted: Uint32Array,
  samples: number,
  seed: number,
): Pair[] {
  const random = generator(seed, "exchange");
  // Where both decided alike there is nothing to exchange.
  const common = new Tally(first.labels);
  for (const row of counted) if (decidedAlike(first, second, row)) common.add(first, row, 1);
  const different = counted.filter((row) => !decidedAlike(first, second, row));
  return Array.from({ length: samples }, () => {
    const [one, other] = [common.copy(), common.copy()];
    for (const row of different) {
      const stays = random.below(2) === 0;
      one.add(stays ? first : second, row, 1);
      other.add(stays ? second : first, row, 1);
    }
    return [one.figures(), other.figures()];
  });
}

function decidedAlike(first: JudgedRows, second: JudgedRows, row: number): boolean {
  const [begin, end] = [row * first.labels, (row + 1) * first.labels];
  for (let i = begin; i < end; i++) if (first.outcomes[i] !== second.outcomes[i]) return false;
  return true;
}

function pValue(
  difference: number,
  exchanged: readonly Pair[],
  of: (sample: SampleFigures) => number | null,
): number | null {
  let asLarge = 1; // the rows as they are
  for (const pair of exchanged) {
    const other = differenceOf(pair, of);
    if (other === null) return null;
    // Sums in another order may differ in their last digits.
    if (Math.abs(other) >= Math.abs(difference) - 1e-12) asLarge++;
  }
  return asLarge / (exchanged.length + 1);
}

/** Holm's correction (Scandinavian Journal of Statistics 6, 1979) for asking several questions at once. */
function holm(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const corrected = new Array<number>(values.length);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * values[i]!));
    corrected[i] = largest;
  }
  return corrected;
}
