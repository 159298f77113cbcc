// How far figures might be off because the rows happen to be these: the percentile bootstrap (Efron, Annals of Statistics 7,
// 1979). Rows are drawn with replacement, whole, so that the labels of a text stay together.
import { parseOptions, type ResamplingOptions, resamplingOptions } from "../options.js";
import { generator, type Random } from "../random.js";
import { type Figures, judgeRows, weightedFigures } from "./figures.js";
import { checkedRows, type Scores, type Thresholds } from "./scores.js";

/** A figure, and the interval in which it lies with the confidence that was asked for. */
export interface Interval {
  /** On the rows as they are. */
  readonly value: number;
  /** Lower end. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
}

/** The interval of a label's F1. */
export interface LabelInterval extends Interval {
  /** The label's name. */
  readonly name: string;
}

/** An {@link Interval} for each of the {@link Figures}, and for the F1 of each label. */
export interface Intervals {
  /** Probability with which an interval made in this way holds the true value. */
  readonly confidence: number;
  /** Samples that were drawn. */
  readonly samples: number;
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

/**
 * Confidence intervals of the figures of {@link evaluate}, from the same arguments.
 *
 * @throws {TagformerError} as {@link evaluate} does, and `INVALID_OPTION`
 */
export function confidenceIntervals(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  thresholds: Thresholds = 0.5,
  options: ResamplingOptions = {},
): Intervals {
  const { samples, confidence, seed } = parseOptions(resamplingOptions, options);
  checkedRows(scores, labels, labelNames);
  const judged = judgeRows(scores, labels, labelNames.length, thresholds);
  const counted = labelledRows(labels, labelNames.length);
  const whole = weightedFigures(judged, onceEach(counted, judged.rows));
  const random = generator(seed, "bootstrap");
  const drawn = Array.from({ length: samples }, () =>
    weightedFigures(judged, drawWeights(counted, judged.rows, random)),
  );
  return {
    confidence,
    samples,
    figures: byFigure((name) => intervalOf(whole, drawn, confidence, ({ figures }) => figures[name])),
    labels: labelNames.map((name, i) => ({
      name,
      ...intervalOf(whole, drawn, confidence, ({ labelF1 }) => labelF1[i]!)!,
    })),
  };
}

/** A value for each figure. */
export function byFigure<T>(of: (name: keyof Figures) => T): Record<keyof Figures, T> {
  return Object.fromEntries(figureNames.map((name) => [name, of(name)])) as Record<keyof Figures, T>;
}

/** The rows with at least one labelled element. */
export function labelledRows(labels: Float32Array, width: number): Uint32Array {
  return Uint32Array.from({ length: labels.length / width }, (_, row) => row).filter((row) =>
    labels.subarray(row * width, (row + 1) * width).some((label) => !Number.isNaN(label)),
  );
}

/** How often each row is in the sample that holds every counted row once. */
export function onceEach(counted: Uint32Array, rows: number): Uint32Array {
  const weights = new Uint32Array(rows);
  for (const row of counted) weights[row] = 1;
  return weights;
}

/** How often each row is in a sample drawn with replacement, as large as there are rows that count. */
export function drawWeights(counted: Uint32Array, rows: number, random: Random): Uint32Array {
  const weights = new Uint32Array(rows);
  for (let i = 0; i < counted.length; i++) weights[counted[random.below(counted.length)]!]!++;
  return weights;
}

/** The interval of one figure; `null` when it is not defined. Samples in which it is not are left out. */
export function intervalOf<Sample>(
  whole: Sample,
  drawn: readonly Sample[],
  confidence: number,
  of: (sample: Sample) => number | null,
): Interval | null {
  const value = of(whole);
  if (value === null) return null;
  const values = Float64Array.from(drawn.map(of).filter((one) => one !== null)).sort();
  const tail = (1 - confidence) / 2;
  return { value, low: quantile(values, tail) ?? value, high: quantile(values, 1 - tail) ?? value };
}

/** By linear interpolation between sorted values; `undefined` without any. */
function quantile(sorted: Float64Array, share: number): number | undefined {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  return below === undefined || above === undefined ? undefined : below + (place % 1) * (above - below);
}
