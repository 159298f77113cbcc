import { type Cuts, lastCutAbove } from "./cuts.js";
import { fBeta } from "./goal.js";

/**
 * The search that many notebooks make: the best of 0.1, 0.2, ... 0.9 by micro-F1, then the best of that and the nine
 * hundredths above it; the lowest of equals each time. It never goes below the first pass's best.
 *
 * @param all the cuts of all labels' probabilities at once
 */
export function twoPassThreshold(all: Cuts): number {
  const coarse = best(
    all,
    Array.from({ length: 9 }, (_, i) => (i + 1) / 10),
  );
  return best(
    all,
    Array.from({ length: 10 }, (_, i) => i / 100 + coarse),
  );
}

function best(all: Cuts, thresholds: readonly number[]): number {
  const microF1 = thresholds.map((threshold) => {
    const cut = lastCutAbove(all, threshold);
    return fBeta(1, all.truePositives[cut] ?? 0, all.falsePositives[cut] ?? 0, all.positives);
  });
  return thresholds[microF1.indexOf(Math.max(...microF1))]!;
}
