// How many rows, and how many rows of each label, the subsets of a split still need.
import type { Random } from "../base/random.js";
import { roundToNearest, shareOut } from "./shares.js";

/** What is dealt out: rows, or groups of rows that stay together. */
export interface Units {
  /** Rows of each unit, `[units]`. */
  readonly sizes: Int32Array;
  /** The labels of unit u, each once, are `labels[starts[u]]` to `labels[starts[u + 1] - 1]`. */
  readonly starts: Int32Array;
  readonly labels: Int32Array;
  /** Rows of the unit that have the label, beside `labels`. */
  readonly counts: Int32Array;
}

/**
 * What every subset needs to have its share, in whole rows: c_j and c_j^i of the paper, less what it was given; negative
 * where it was given more.
 *
 * A share that is no whole number is rounded up or down at random, so that it is right on average. Rounded to the nearest
 * number, no label with four rows would ever have one of them among a tenth, and what is held back would be easier than
 * the rest.
 */
export class SubsetNeeds {
  /** `[subsets]` */
  readonly rows: Int32Array;
  /** `[labels * subsets]` */
  readonly #labels: Int32Array;
  readonly #units: Units;
  /** What a row too many or too few costs, of each label: as chance would have it, large numbers are further off. */
  readonly #labelWeights: Float64Array;
  readonly #rowWeight: number;

  /**
   * @param shares of the rows that each subset is to have: of two subsets, or equal ones of any number
   * @param labelUnits number of units that have each label, `[labels]`
   */
  constructor(units: Units, shares: readonly number[], labelUnits: Int32Array, random: Random) {
    this.#units = units;
    const totals = new Int32Array(labelUnits.length);
    for (const [i, label] of units.labels.entries()) totals[label]! += units.counts[i]!;
    const parts = shareOut(totals, shares, random);
    this.#labels = new Int32Array(totals.length * shares.length);
    const sums = shares.map(() => 0);
    for (const [label, shared] of parts.entries()) {
      // What stands in one unit cannot be shared: the larger of two subsets, training, has more use for it.
      const part = labelUnits[label] === 1 ? (allToLargest(totals[label]!, shares) ?? shared) : shared;
      this.#labels.set(part, label * shares.length);
      for (const [subset, rows] of part.entries()) sums[subset]! += rows;
    }
    const rows = units.sizes.reduce((sum, size) => sum + size, 0);
    this.rows = roundToNearest(rows, shares, sums);
    this.#labelWeights = Float64Array.from(totals, (total) => 1 / Math.sqrt(total));
    this.#rowWeight = 1 / Math.sqrt(rows);
  }

  /** Number of subsets. */
  get subsets(): number {
    return this.rows.length;
  }

  /** Rows of a label that each subset needs, `[subsets]`. */
  ofLabel(label: number): Int32Array {
    return this.#labels.subarray(label * this.subsets, (label + 1) * this.subsets);
  }

  give(unit: number, subset: number): void {
    this.#change(unit, subset, -1);
  }

  takeBack(unit: number, subset: number): void {
    this.#change(unit, subset, 1);
  }

  /** By how much the weighted sum of the squares of all needs of labels rises when a unit goes from one subset to another. */
  costOfLabels(unit: number, from: number, to: number): number {
    const { starts, labels, counts } = this.#units;
    let sum = 0;
    for (let i = starts[unit]!; i < starts[unit + 1]!; i++) {
      const label = labels[i]!;
      const at = label * this.subsets;
      const cost = costOfMove(counts[i]!, this.#labels[at + from]!, this.#labels[at + to]!);
      sum += this.#labelWeights[label]! * cost;
    }
    return sum;
  }

  /** The same for the needs of rows. */
  costOfRows(unit: number, from: number, to: number): number {
    return this.#rowWeight * costOfMove(this.#units.sizes[unit]!, this.rows[from]!, this.rows[to]!);
  }

  /** The subset that needs most of `what`, among equals the one that needs rows most, and among those any. */
  neediest(what: Int32Array, random: Random): number {
    let best: number[] = [];
    for (let subset = 0; subset < what.length; subset++) {
      const first = best[0];
      const more =
        first === undefined ? 1 : what[subset]! - what[first]! || this.rows[subset]! - this.rows[first]!;
      if (more > 0) best = [subset];
      else if (more === 0) best.push(subset);
    }
    return best.length === 1 ? best[0]! : best[random.below(best.length)]!;
  }

  #change(unit: number, subset: number, sign: 1 | -1): void {
    const { sizes, starts, labels, counts } = this.#units;
    this.rows[subset]! += sign * sizes[unit]!;
    for (let i = starts[unit]!; i < starts[unit + 1]!; i++) {
      this.#labels[labels[i]! * this.subsets + subset]! += sign * counts[i]!;
    }
  }
}

/** (from + count)^2 + (to - count)^2 - from^2 - to^2 */
function costOfMove(count: number, from: number, to: number): number {
  return 2 * count * (from - to + count);
}

/** `undefined` where no subset is the largest. */
function allToLargest(total: number, shares: readonly number[]): Int32Array | undefined {
  const most = Math.max(...shares);
  if (shares.filter((share) => share === most).length > 1) return undefined;
  return Int32Array.from(shares, (share) => (share === most ? total : 0));
}
