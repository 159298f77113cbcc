// Are the probabilities probabilities? Of the texts that get 0.7, seven in ten should have the label.

import { logChoose } from "./binomial.js";

/** How far probabilities are from what happens. */
export interface Calibration {
  /** Brier score: mean squared difference of probability and truth; `null` when nothing is labelled. */
  readonly brierScore: number | null;
  /**
   * Expected calibration error: mean difference between the probability and the share of positives in each of
   * ten bins of equal width, weighted by their sizes (Naeini et al., AAAI 2015; Guo et al., ICML 2017), here of the
   * probability that a label is set. `null` when nothing is labelled.
   */
  readonly calibrationError: number | null;
  /**
   * The calibration error that perfectly calibrated probabilities would have on as many elements, on average: bins of few
   * elements are off by chance. An error of about this size says nothing against the probabilities. `null` when nothing is
   * labelled.
   */
  readonly chanceCalibrationError: number | null;
}

/** One bar of a reliability diagram: the elements whose probability lies in `(from, to]`; 0 is in the first. */
export interface ReliabilityBin {
  /** Lower edge, excluded. */
  readonly from: number;
  /** Upper edge, included. */
  readonly to: number;
  /** Labelled elements in it. */
  readonly count: number;
  /** Their mean probability; `null` when there are none. */
  readonly meanProbability: number | null;
  /** The share of them that is positive; `null` when there are none. */
  readonly positiveShare: number | null;
}

const bins = 10;

/** The bins of equal width in which {@link Calibration} compares; their edges are scikit-learn's. */
export function reliabilityBins(probabilities: Float32Array, truth: Float32Array): ReliabilityBin[] {
  const counts = new Float64Array(bins);
  const sums = new Float64Array(bins);
  const positives = new Float64Array(bins);
  for (let i = 0; i < truth.length; i++) {
    if (Number.isNaN(truth[i]!)) continue;
    const bin = binOf(probabilities[i]!);
    counts[bin]!++;
    sums[bin]! += probabilities[i]!;
    positives[bin]! += truth[i]!;
  }
  return Array.from({ length: bins }, (_, bin) => {
    const count = counts[bin]!;
    return {
      from: bin / bins,
      to: (bin + 1) / bins,
      count,
      meanProbability: count > 0 ? sums[bin]! / count : null,
      positiveShare: count > 0 ? positives[bin]! / count : null,
    };
  });
}

/**
 * {@link Calibration} of one label, or of all elements.
 *
 * @param truth 0 or 1; NaN is left out
 */
export function calibrate(probabilities: Float32Array, truth: Float32Array): Calibration {
  let squares = 0;
  let labelled = 0;
  for (let i = 0; i < truth.length; i++) {
    if (Number.isNaN(truth[i]!)) continue;
    squares += (probabilities[i]! - truth[i]!) ** 2;
    labelled++;
  }
  if (labelled === 0) return { brierScore: null, calibrationError: null, chanceCalibrationError: null };
  const found = reliabilityBins(probabilities, truth);
  const gaps = found.map(
    ({ count, meanProbability, positiveShare }) =>
      count * Math.abs((meanProbability ?? 0) - (positiveShare ?? 0)),
  );
  const byChance = found.map(({ count, meanProbability }) => meanDeviation(count, meanProbability ?? 0));
  return {
    brierScore: squares / labelled,
    calibrationError: gaps.reduce((sum, gap) => sum + gap) / labelled,
    chanceCalibrationError: byChance.reduce((sum, deviation) => sum + deviation) / labelled,
  };
}

/**
 * How far the number of successes of independent trials is from its mean, on average: de Moivre's formula for the binomial
 * distribution. The probabilities of a bin differ by a tenth at most, which changes little.
 */
function meanDeviation(trials: number, probability: number): number {
  if (trials === 0 || probability <= 0 || probability >= 1) return 0;
  const next = Math.floor(trials * probability) + 1;
  const logTerm =
    logChoose(trials, next) + next * Math.log(probability) + (trials - next + 1) * Math.log1p(-probability);
  return 2 * next * Math.exp(logTerm);
}

/** Exact: a probability has 24 bits, so its product with the number of bins fits a double. */
function binOf(probability: number): number {
  return Math.max(0, Math.ceil(probability * bins) - 1);
}
