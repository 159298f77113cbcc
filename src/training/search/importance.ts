// How much of the differences between trainings an option explains.
import type { Configuration, Value } from "./space.js";

/** A training of a search: what it was told, and what it came to. */
interface Judged {
  readonly values: Configuration;
  readonly figure: number;
}

/** Groups into which the values of a number are cut. */
const mostGroups = 4;

/**
 * The share of the variance of the figures that lies between groups of an option's values (eta squared), by option, from 0 to 1.
 * Numbers are cut into up to four groups of equal size. With few trainings, chance alone gives an option a share.
 */
export function importances(trainings: readonly Judged[]): Record<string, number> {
  const options = Object.keys(trainings[0]?.values ?? {});
  return Object.fromEntries(
    options.map((option) => [
      option,
      explainedShare(
        groupsOf(trainings.map(({ values }) => values[option]!)),
        trainings.map(({ figure }) => figure),
      ),
    ]),
  );
}

/** The group of each value. */
function groupsOf(values: readonly Value[]): number[] {
  const different = [...new Set(values)];
  if (different.length <= mostGroups || different.some((value) => typeof value !== "number"))
    return values.map((value) => different.indexOf(value));
  const order = values.map((_, i) => i).sort((a, b) => Number(values[a]) - Number(values[b]));
  const groups = new Array<number>(values.length);
  for (const [place, i] of order.entries()) groups[i] = Math.floor((mostGroups * place) / values.length);
  return groups;
}

function explainedShare(groups: readonly number[], figures: readonly number[]): number {
  const middle = mean(figures);
  const total = figures.reduce((sum, figure) => sum + (figure - middle) ** 2, 0);
  if (total === 0) return 0;
  const between = [...new Set(groups)].reduce((sum, group) => {
    const own = figures.filter((_, i) => groups[i] === group);
    return sum + own.length * (mean(own) - middle) ** 2;
  }, 0);
  return between / total;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
