// Which trial is the best: by figures that move from the first step on, which F1 at a threshold of 0.5 does not.
import type { TrialFigures } from "./figures.js";
import type { Trial } from "./search-record.js";

/**
 * Trials by how good they are after one of their parts, the best first: by the sum of their places by cross-entropy and by mean
 * average precision. Between equals the smaller cross-entropy comes first, and then the lower rate; last of all those whose
 * loss was not finite. So a rate that orders rows well while its loss has begun to rise does not pass one that does both.
 */
export function bestFirst(trials: readonly Trial[], part: number): Trial[] {
  const judged = trials.flatMap((trial) => {
    const figures = trial.parts[part];
    return figures === undefined ? [] : [{ trial, figures }];
  });
  const placeOf = (value: (figures: TrialFigures) => number, own: TrialFigures) =>
    judged.filter(({ figures }) => figures !== null && value(figures) < value(own)).length;
  const places = (figures: TrialFigures | null) =>
    figures === null
      ? Number.POSITIVE_INFINITY
      : placeOf(({ loss }) => loss, figures) + placeOf(({ averagePrecision }) => -averagePrecision, figures);
  const keyed = judged.map(({ trial, figures }) => ({
    trial,
    key: [places(figures), figures?.loss ?? Number.POSITIVE_INFINITY, trial.learningRate],
  }));
  return keyed.sort((a, b) => compared(a.key, b.key)).map(({ trial }) => trial);
}

function compared(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, i) => value !== b[i]);
  return place < 0 ? 0 : a[place]! < b[place]! ? -1 : 1;
}
