import { type ReliabilityBin, reliabilityBins } from "./calibration.js";
import { type CurvePoint, curvePoints, type ThresholdPoint, thresholdPoints } from "./curves.js";
import { columnOf, cutsOf } from "./cuts.js";
import { type Evaluation, evaluate } from "./metrics.js";
import { countPairs, type LabelPairs } from "./pairs.js";
import {
  decide,
  probabilitiesOf,
  type Scores,
  type Thresholds,
  thresholdPerLabel,
  truthOf,
} from "./scores.js";

/** The curves of one label, or of all labels' elements at once. */
export interface Curves {
  /** Precision-recall and ROC curve. */
  readonly curve: readonly CurvePoint[];
  /** Precision, recall and F1 at every hundredth. */
  readonly thresholdCurve: readonly ThresholdPoint[];
  /** Ten bars of the reliability diagram; their counts are also the histogram of the probabilities. */
  readonly reliability: readonly ReliabilityBin[];
}

/** {@link Curves} of one label. */
export interface LabelCurves extends Curves {
  /** The label's name. */
  readonly name: string;
  /** The threshold that its decisions were made with. */
  readonly threshold: number;
}

/** Everything that a page about an evaluation shows. Plain numbers and `null`: it can be written as JSON. */
export interface EvaluationDetails {
  /** The figures. */
  readonly metrics: Evaluation;
  /** All labels' elements at once. */
  readonly micro: Curves;
  /** Each label, in the order of the label names. */
  readonly labels: readonly LabelCurves[];
  /** Co-occurrence and confusion. */
  readonly pairs: LabelPairs;
}

/**
 * {@link evaluate} with all curves and tables behind its figures.
 *
 * @throws {TagformerError} as {@link evaluate} does
 */
export function evaluationDetails(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  thresholds: Thresholds = 0.5,
): EvaluationDetails {
  const metrics = evaluate(scores, labels, labelNames, thresholds);
  const width = labelNames.length;
  const probabilities = probabilitiesOf(scores);
  const truth = truthOf(labels);
  const perLabel = thresholdPerLabel(thresholds, width);
  return {
    metrics,
    micro: curvesOf(probabilities, truth),
    labels: labelNames.map((name, column) => ({
      name,
      threshold: perLabel[column]!,
      ...curvesOf(columnOf(probabilities, column, width), columnOf(truth, column, width)),
    })),
    pairs: countPairs(truth, decide(probabilities, width, thresholds), labelNames),
  };
}

function curvesOf(probabilities: Float32Array, truth: Float32Array): Curves {
  const cuts = cutsOf(probabilities, truth);
  return {
    curve: curvePoints(cuts),
    thresholdCurve: thresholdPoints(cuts),
    reliability: reliabilityBins(probabilities, truth),
  };
}
