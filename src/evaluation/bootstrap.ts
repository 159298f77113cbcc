// How far figures might be off because the rows happen to be these.
//
// Which intervals cover what they say was decided by simulation (test/statistics/intervals.ts). A label's F1 has an exact one.
// Averages have the bootstrap's standard error (Efron, Annals of Statistics 7, 1979) on the scale of logits, where they are
// less skewed; with rare labels, percentiles, bias-corrected and accelerated intervals and strata by label all cover less.
// Nothing covers an average over labels of which some have hardly a positive, so that has no interval.
import { parseOptions } from "../base/parse-options.js";
import { generator } from "../base/random.js";
import { type ResamplingOptions, resamplingOptions } from "../options/evaluation.js";
import { exactInterval, studentQuantile } from "./binomial.js";
import { type Figures, type JudgedRows, judgeRows, weightedFigures } from "./figures.js";
import { type Blocks, blockCount, blocksOf, drawWeights, labelledRows, onceEach } from "./resampling.js";
import { checkedRows, requireClusters, type Scores, type Thresholds } from "./scores.js";

/** A figure, and the interval in which it lies with the confidence that was asked for. */
export interface Interval {
  /** On the rows as they are. */
  readonly value: number;
  /** Lower end; `null` where the positives are too few for an interval. */
  readonly low: number | null;
  /** Upper end; `null` where the positives are too few for an interval. */
  readonly high: number | null;
  /** Whether it rests on a label with fewer than ten positives: the figure says little. */
  readonly fewPositives: boolean;
}

/** The interval of a label's F1, which is exact. */
export interface LabelInterval extends Interval {
  /** The label's name. */
  readonly name: string;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** Rows in which the label is truly set. */
  readonly positives: number;
}

/** An {@link Interval} for each of the {@link Figures}, and for the F1 of each label. */
export interface Intervals {
  /** Probability with which an interval made in this way holds the true value. */
  readonly confidence: number;
  /** Samples that were drawn. */
  readonly samples: number;
  /** Clusters of rows that were drawn as one; the rows, when each was drawn by itself. */
  readonly clusters: number;
  /** `null` where a figure is not defined. */
  readonly figures: Readonly<Record<keyof Figures, Interval | null>>;
  /** The F1 of each label, in label order. */
  readonly labels: readonly LabelInterval[];
}

/** The figures, in the order in which they are shown. */
const figureNames: readonly (keyof Figures)[] = [
  "microF1",
  "macroF1",
  "weightedF1",
  "samplesF1",
  "subsetAccuracy",
  "hammingLoss",
  "macroRocAuc",
  "macroAveragePrecision",
];

/** With fewer positives than these a figure says little. */
export const enoughPositives = 10;

/**
 * Confidence intervals of the figures of {@link evaluate}, from the same arguments.
 *
 * @param clusters the cluster of each row, as {@link clustersOf} finds them: rows of one are drawn together
 * @throws {TagformerError} as {@link evaluate} does, and `INVALID_OPTION`
 */
export function confidenceIntervals(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  thresholds: Thresholds = 0.5,
  options: ResamplingOptions = {},
  clusters?: Int32Array,
): Intervals {
  const { samples, confidence, seed } = parseOptions(resamplingOptions, options);
  requireClusters(clusters, checkedRows(scores, labels, labelNames));
  const judged = judgeRows(scores, labels, labelNames.length, thresholds);
  const blocks = blocksOf(labelledRows(labels, labelNames.length), clusters);
  const { figures, labelF1 } = weightedFigures(judged, onceEach(blocks, judged.rows));
  const random = generator(seed, "bootstrap");
  const drawn = Array.from(
    { length: samples },
    () => weightedFigures(judged, drawWeights(blocks, judged.rows, random)).figures,
  );
  const outcomes = labelOutcomes(judged, blocks);
  const few = fewPositives(outcomes);
  const events = eventsOf(outcomes, blockCount(blocks));
  // The error of a ranking is known from the positives alone: with the rows' degrees of freedom 0.92 to 0.94 are covered.
  const freedom = (name: keyof Figures) => (isRanking(name) ? events[name] : blockCount(blocks));
  return {
    confidence,
    samples,
    clusters: blockCount(blocks),
    figures: byFigure((name) => {
      const value = figures[name];
      if (value === null) return null;
      if (few[name]) return { value, low: null, high: null, fewPositives: true };
      const error = standardDeviation(drawn.map((one) => one[name]));
      const ends =
        value <= 0 || value >= 1
          ? atTheEdge(name, value, events[name], confidence)
          : onLogits(value, studentQuantile(confidence, Math.max(1, freedom(name) - 1)) * error);
      return { value, ...ends, fewPositives: false };
    }),
    labels: outcomes.map(({ positives, right, involved, independent }, i) => {
      const [low, high] = exactF1(right, involved, independent, confidence);
      const value = labelF1[i]!;
      return { name: labelNames[i]!, value, low, high, positives, fewPositives: positives < enoughPositives };
    }),
  };
}

/** A value for each figure. */
export function byFigure<T>(of: (name: keyof Figures) => T): Record<keyof Figures, T> {
  return Object.fromEntries(figureNames.map((name) => [name, of(name)])) as Record<keyof Figures, T>;
}

/** How the rows of one label came out. */
export interface LabelOutcomes {
  /** Rows in which it is truly set. */
  readonly positives: number;
  /** Rows in which it is labelled and not set. */
  readonly negatives: number;
  /** Rows in which it is set and given. */
  readonly right: number;
  /** Rows in which it is set or given. */
  readonly involved: number;
  /** Of those, as many as would say as much if they were independent of each other (Kish, Survey Sampling, 1965). */
  readonly independent: number;
}

/** {@link LabelOutcomes} of each label. */
export function labelOutcomes({ labels, outcomes }: JudgedRows, { rows, starts }: Blocks): LabelOutcomes[] {
  return Array.from({ length: labels }, (_, label) => {
    let [positives, negatives, right, involved, squares] = [0, 0, 0, 0, 0];
    for (let block = 0; block + 1 < starts.length; block++) {
      let here = 0;
      for (let place = starts[block]!; place < starts[block + 1]!; place++) {
        // The outcome is 2 * truth + decision, or 4 where it is not labelled.
        const outcome = outcomes[rows[place]! * labels + label]!;
        if (outcome === 0 || outcome === 1) negatives++;
        if (outcome === 2 || outcome === 3) positives++;
        if (outcome === 3) right++;
        if (outcome >= 1 && outcome <= 3) here++;
      }
      involved += here;
      squares += here ** 2;
    }
    const independent = involved === 0 ? 0 : involved ** 2 / squares;
    return { positives, negatives, right, involved, independent };
  });
}

/** Which figures rest on too few positives. */
export function fewPositives(labels: readonly LabelOutcomes[]): Record<keyof Figures, boolean> {
  const measured = labels.filter(({ positives, negatives }) => positives + negatives > 0);
  const all = measured.reduce((sum, { positives }) => sum + positives, 0) < enoughPositives;
  const some = measured.some(({ positives }) => positives < enoughPositives);
  const fewOfAKind = measured.some(
    ({ positives, negatives }) => Math.min(positives, negatives) < enoughPositives,
  );
  return {
    microF1: all,
    macroF1: some,
    weightedF1: all,
    samplesF1: false,
    subsetAccuracy: false,
    hammingLoss: false,
    macroRocAuc: fewOfAKind,
    macroAveragePrecision: some,
  };
}

/**
 * The exact interval of F1. Of the rows in which a label is set or given, the share in which it is both is a probability j,
 * and F1 is 2 j / (1 + j), which rises with j.
 */
function exactF1(
  right: number,
  involved: number,
  independent: number,
  confidence: number,
): [low: number, high: number] {
  if (involved === 0) return [0, 1];
  const [low, high] = exactInterval((right / involved) * independent, independent, confidence);
  return [f1Of(low), f1Of(high)];
}

function f1Of(share: number): number {
  return (2 * share) / (1 + share);
}

function isRanking(name: keyof Figures): boolean {
  return name === "macroRocAuc" || name === "macroAveragePrecision";
}

/** How many independent events each figure rests on, at least: of an average over labels, those of the label with the fewest. */
function eventsOf(labels: readonly LabelOutcomes[], blocks: number): Record<keyof Figures, number> {
  const measured = labels.filter(({ positives, negatives }) => positives + negatives > 0);
  const fewest = (numbers: readonly number[]) => Math.max(1, Math.min(blocks, ...numbers));
  // The elements that are set or given, of which those of one row may go together.
  const involved = measured.reduce((sum, { independent }) => sum + independent, 0);
  return {
    microF1: fewest([involved]),
    macroF1: fewest(measured.map(({ independent }) => independent)),
    weightedF1: fewest(
      measured.filter(({ positives }) => positives > 0).map(({ independent }) => independent),
    ),
    samplesF1: blocks,
    subsetAccuracy: blocks,
    hammingLoss: blocks,
    macroRocAuc: fewest(measured.map(({ positives, negatives }) => Math.min(positives, negatives))),
    macroAveragePrecision: fewest(measured.map(({ positives }) => positives)),
  };
}

/**
 * All that a figure rests on came out alike, so that no sample differs: as far from the edge as so many events without an
 * exception allow.
 */
function atTheEdge(name: keyof Figures, value: number, events: number, confidence: number) {
  const [low, high] = exactInterval(value <= 0 ? 0 : events, events, confidence);
  const isF1 = name === "microF1" || name === "macroF1" || name === "weightedF1";
  return isF1 ? { low: f1Of(low), high: f1Of(high) } : { low, high };
}

/** The interval that reaches as far on both sides on the scale of logits. */
function onLogits(value: number, halfWidth: number): { low: number; high: number } {
  const logit = Math.log(value / (1 - value));
  const reach = halfWidth / (value * (1 - value));
  return { low: 1 / (1 + Math.exp(reach - logit)), high: 1 / (1 + Math.exp(-reach - logit)) };
}

/** Of the samples in which a figure is defined. */
export function standardDeviation(values: readonly (number | null)[]): number {
  const defined = values.filter((value) => value !== null);
  if (defined.length < 2) return 0;
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length;
  const squares = defined.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (defined.length - 1));
}
