// Did it really get better? Two runs judged on the same rows.

import { invalidData } from "../base/errors.js";
import { requireMadeBy } from "../base/kinds.js";
import { parseOptions } from "../base/parse-options.js";
import { generator } from "../base/random.js";
import { type ResamplingOptions, resamplingOptions } from "../options/evaluation.js";
import { studentQuantile } from "./binomial.js";
import { byFigure, enoughPositives, fewPositives, labelOutcomes, standardDeviation } from "./bootstrap.js";
import { labelPValues } from "./exchange.js";
import {
  type Figures,
  type JudgedRows,
  judgeRows,
  type SampleFigures,
  Tally,
  weightedFigures,
} from "./figures.js";
import { type Blocks, blockCount, blocksOf, drawWeights, labelledRows, onceEach } from "./resampling.js";
import { checkedRows, requireClusters, type Scores, type Thresholds } from "./scores.js";

/** What one run said about the rows. */
export interface ComparedRun {
  /** Logits or probabilities, `[rows * labels]`, after temperatures. */
  readonly scores: Scores;
  /** Probabilities above which (strictly) a label is set; or decisions that were made elsewhere, `[rows * labels]`, 0 or 1. */
  readonly thresholds: Thresholds | Uint8Array;
}

/** One figure of both runs. */
export interface ComparedFigure {
  /** The first run's. */
  readonly first: number;
  /** The second run's. */
  readonly second: number;
  /** `second - first`. */
  readonly difference: number;
  /** Lower end of the difference's confidence interval; `null` where the positives are too few for an interval. */
  readonly low: number | null;
  /** Upper end of the difference's confidence interval; `null` where the positives are too few for an interval. */
  readonly high: number | null;
  /** Whether it rests on a label with fewer than ten positives: the difference says little. */
  readonly fewPositives: boolean;
  /**
   * Probability of a difference at least as large, in either direction, if it did not matter which run a row's decisions are
   * of. That is more than equal figures: runs that err in different ways may have the same F1. It says nothing about other
   * runs with other seeds. Of the figures it is not corrected for their number: they are six tests. `null` for figures of
   * rankings: scores of different runs cannot be exchanged.
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
  /** Samples of the intervals, and of the figures' tests; those of labels are exact, or have more. */
  readonly samples: number;
  /** Clusters of rows that were drawn and exchanged as one; the rows, when each was by itself. */
  readonly clusters: number;
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
 * row are exchanged between the runs or not, at random, and it is counted how often that gives a difference as large. For the
 * F1 of a label all exchanges are counted, so that the correction for the number of labels leaves small values small.
 *
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @param clusters the cluster of each row, as {@link clustersOf} finds them: rows of one are drawn and exchanged together
 * @throws {TagformerError} `INVALID_DATA` when sizes do not fit or nothing is labelled, `NOT_FINITE`, `INVALID_OPTION`
 */
export function compareScores(
  first: ComparedRun,
  second: ComparedRun,
  labels: Float32Array,
  labelNames: readonly string[],
  options: ResamplingOptions = {},
  clusters?: Int32Array,
): Comparison {
  const { samples, confidence, seed } = parseOptions(resamplingOptions, options);
  for (const run of [first, second]) requireMadeBy("a run", run, ["scores", "thresholds"]);
  const judged = [first, second].map(({ scores, thresholds }) => {
    requireClusters(clusters, checkedRows(scores, labels, labelNames));
    return judgeRows(scores, labels, labelNames.length, thresholds);
  }) as [JudgedRows, JudgedRows];
  const width = labelNames.length;
  const blocks = blocksOf(labelledRows(labels, width), clusters);
  if (blocks.rows.length === 0) throw invalidData("nothing to compare: no row has a label");
  const pairOf = (weights: Uint32Array): Pair => [
    weightedFigures(judged[0], weights),
    weightedFigures(judged[1], weights),
  ];
  const whole = pairOf(onceEach(blocks, judged[0].rows));
  const random = generator(seed, "paired bootstrap");
  const drawn = Array.from({ length: samples }, () => pairOf(drawWeights(blocks, judged[0].rows, random)));
  const quantile = studentQuantile(confidence, Math.max(1, blockCount(blocks) - 1));
  const differenceIn = (of: FigureOf, few: boolean): Omit<ComparedFigure, "p"> | null => {
    const [one, other] = whole.map(of);
    if (one == null || other == null) return null;
    const difference = other - one;
    const reach = quantile * standardDeviation(drawn.map((pair) => differenceOf(pair, of)));
    const ends = few ? { low: null, high: null } : { low: difference - reach, high: difference + reach };
    return { first: one, second: other, difference, ...ends, fewPositives: few };
  };
  const outcomes = labelOutcomes(judged[0], blocks);
  const few = fewPositives(outcomes);
  const exchanged = exchange(judged, blocks, samples, seed);
  const draws = Math.max(samples, drawsPerLabel * width);
  const p = holm(labelPValues(...judged, blocks, draws, generator(seed, "label exchange")));
  return {
    rows: blocks.rows.length,
    clusters: blockCount(blocks),
    samples,
    confidence,
    figures: byFigure((name) => {
      const of: FigureOf = ({ figures }) => figures[name];
      const found = differenceIn(of, few[name]);
      return found && { ...found, p: pValue(found.difference, exchanged, of) };
    }),
    labels: labelNames.map((name, i) => {
      const isRare = outcomes[i]!.positives < enoughPositives;
      return { name, ...differenceIn(({ labelF1 }) => labelF1[i]!, isRare)!, p: p[i]! };
    }),
  };
}

/** Draws of a label's test for each label, where not all exchanges can be counted: Holm's method multiplies by the labels. */
const drawsPerLabel = 200;

type FigureOf = (sample: SampleFigures) => number | null;

/** The figures of the first and the second run. */
type Pair = readonly [SampleFigures, SampleFigures];

function differenceOf([first, second]: Pair, of: (sample: SampleFigures) => number | null): number | null {
  const [one, other] = [of(first), of(second)];
  return one === null || other === null ? null : other - one;
}

/** The figures of the runs after random exchanges of their blocks of rows. */
function exchange(
  [first, second]: readonly [JudgedRows, JudgedRows],
  { rows, starts }: Blocks,
  samples: number,
  seed: number,
): Pair[] {
  const random = generator(seed, "exchange");
  // Where both decided alike there is nothing to exchange.
  const common = new Tally(first.labels);
  const different: Uint32Array[] = [];
  for (let block = 0; block + 1 < starts.length; block++) {
    const these = rows.subarray(starts[block]!, starts[block + 1]!);
    if (these.every((row) => decidedAlike(first, second, row))) {
      for (const row of these) common.add(first, row, 1);
    } else different.push(these);
  }
  return Array.from({ length: samples }, () => {
    const [one, other] = [common.copy(), common.copy()];
    for (const these of different) {
      const stays = random.below(2) === 0;
      for (const row of these) {
        one.add(stays ? first : second, row, 1);
        other.add(stays ? second : first, row, 1);
      }
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
