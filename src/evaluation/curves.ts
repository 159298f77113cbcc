// The curves that people look at when they choose a threshold, thin enough to draw.
import { decisionMetrics } from "./counts.js";
import { type Cuts, lastCutAbove } from "./cuts.js";

/** One point of the precision-recall and the ROC curve: everything is set that scores at least `score`. */
export interface CurvePoint {
  /** A probability; above 1 in the first point, where nothing is set. */
  readonly score: number;
  /** 1 where nothing is set, by convention. */
  readonly precision: number;
  /** The true positive rate of the ROC curve; 0 when there are no positives. */
  readonly recall: number;
  /** Share of the negatives that is set; 0 when there are no negatives. */
  readonly falsePositiveRate: number;
}

/** What a threshold gives: everything strictly above it is set. */
export interface ThresholdPoint {
  /** The threshold, a probability. */
  readonly threshold: number;
  /** Share of what is set that is right; 0 when nothing is. */
  readonly precision: number;
  /** Share of the positives that is set. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
}

/** Points closer than this in every direction would fall on one pixel. */
const resolution = 1 / 200;
const thresholdSteps = 100;

/** Both curves in one list, from nothing set to everything set; points too close to tell apart are left out. */
export function curvePoints(cuts: Cuts): CurvePoint[] {
  let last: CurvePoint = { score: Number.POSITIVE_INFINITY, precision: 1, recall: 0, falsePositiveRate: 0 };
  const points = [{ ...last, score: 1 + resolution }];
  for (let i = 0; i < cuts.scores.length; i++) {
    const hits = cuts.truePositives[i]!;
    const alarms = cuts.falsePositives[i]!;
    const point = {
      score: cuts.scores[i]!,
      precision: hits / (hits + alarms),
      recall: cuts.positives > 0 ? hits / cuts.positives : 0,
      falsePositiveRate: cuts.negatives > 0 ? alarms / cuts.negatives : 0,
    };
    if (i + 1 < cuts.scores.length && isNear(point, last)) continue;
    points.push(point);
    last = point;
  }
  return points;
}

/** Precision, recall and F1 at 0, 0.01, ... 1. */
export function thresholdPoints(cuts: Cuts): ThresholdPoint[] {
  return Array.from({ length: thresholdSteps + 1 }, (_, step) => {
    const threshold = step / thresholdSteps;
    const cut = lastCutAbove(cuts, threshold);
    const truePositives = cuts.truePositives[cut] ?? 0;
    const falsePositives = cuts.falsePositives[cut] ?? 0;
    const { precision, recall, f1 } = decisionMetrics({
      truePositives,
      falsePositives,
      falseNegatives: cuts.positives - truePositives,
      trueNegatives: cuts.negatives - falsePositives,
    });
    return { threshold, precision, recall, f1 };
  });
}

function isNear(a: CurvePoint, b: CurvePoint): boolean {
  const isClose = (one: number, other: number) => Math.abs(one - other) < resolution;
  return (
    isClose(a.precision, b.precision) &&
    isClose(a.recall, b.recall) &&
    isClose(a.falsePositiveRate, b.falsePositiveRate)
  );
}
