// Shares in whole numbers, rounded up or down at random and yet right on average.
import type { Random } from "../base/random.js";

/**
 * Whole numbers with the sum `total`, each of them its share rounded up or down, and equal to it on average (systematic
 * sampling).
 *
 * @param shares with the sum 1
 */
export function roundAtRandom(total: number, shares: readonly number[], random: Random): Int32Array {
  const parts = new Int32Array(shares.length);
  const order = random.shuffle(Int32Array.from(parts.keys()));
  const offset = random.float();
  let reached = 0;
  let dealt = 0;
  for (const [place, part] of order.entries()) {
    reached += shares[part]! * total;
    // A sum of shares may miss a whole number by a rounding error.
    const upTo = place === order.length - 1 ? total : Math.floor(reached + offset + 1e-9);
    parts[part] = upTo - dealt;
    dealt = upTo;
  }
  return parts;
}

/**
 * Shares out several totals, one after the other in random order, as a dealer does who goes on where the last deal ended:
 * every number is its share rounded up or down, and so are the sums over the totals.
 *
 * @param shares of two subsets, or equal ones of any number
 * @returns `[totals][subsets]`
 */
export function shareOut(totals: Int32Array, shares: readonly number[], random: Random): Int32Array[] {
  const dealt = shares.map(() => 0);
  // Who is first. With two, the first share of what is dealt is rounded up as often as its fraction says.
  const offset = random.float();
  const ahead =
    shares.length === 2
      ? [offset, 1 - offset]
      : random.shuffle(shares.map((_, subset) => subset / shares.length));
  const parts: Int32Array[] = [];
  let count = 0;
  for (const item of random.shuffle(Int32Array.from(totals.keys()))) {
    const part = new Int32Array(shares.length);
    for (let i = 0; i < totals[item]!; i++) {
      count++;
      let next = 0;
      const due = (subset: number) => shares[subset]! * count + ahead[subset]! - dealt[subset]!;
      for (let subset = 1; subset < shares.length; subset++)
        if (due(subset) > due(next) + 1e-9) next = subset;
      dealt[next]!++;
      part[next]!++;
    }
    parts[item] = part;
  }
  return parts;
}

/**
 * Whole numbers with the sum `total`, each of them its share rounded to the nearest; where that leaves a choice, up for
 * what has most.
 *
 * @param most decides among equally large remainders
 */
export function roundToNearest(
  total: number,
  shares: readonly number[],
  most: readonly number[],
): Int32Array {
  const exact = shares.map((share) => share * total);
  const parts = Int32Array.from(exact, (value) => Math.floor(value + 1e-9));
  const remainder = (i: number) => exact[i]! - parts[i]!;
  const order = [...shares.keys()].sort((a, b) => {
    const larger = remainder(b) - remainder(a);
    return Math.abs(larger) > 1e-6 ? larger : most[b]! - most[a]!;
  });
  const left = total - parts.reduce((sum, part) => sum + part, 0);
  for (const i of order.slice(0, left)) parts[i]!++;
  return parts;
}
