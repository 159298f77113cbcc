// Iterative stratification: K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of Multi-Label Data",
// ECML PKDD 2011, algorithm 1, for units of one row or several.
import type { Random } from "../random.js";

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
 * Deals units out to subsets so that each label has its share in every subset.
 *
 * The label with the fewest units left is dealt first, while there is the most choice; each of its units goes to the subset
 * that lacks that label most, among equals to the one that lacks rows most, and among those to any. Large units go first.
 * What has no label fills the subsets up.
 *
 * @param shares of the rows that each subset is to have; their sum is 1
 * @returns the subset of each unit, `[units]`
 */
export function dealIteratively(units: Units, shares: readonly number[], random: Random): Int32Array {
  const subsetOf = new Int32Array(units.sizes.length).fill(-1);
  const unitsOfLabel = invert(units);
  const lacking = new Lacking(units, unitsOfLabel.length, shares, random);
  const left = Int32Array.from(unitsOfLabel, (list) => list.length);
  const queue = new FewestFirst(left);
  for (let label = queue.next(); label !== undefined; label = queue.next()) {
    const touched = new Set<number>();
    for (const unit of largestFirst(unitsOfLabel[label]!, units, random)) {
      if (subsetOf[unit]! >= 0) continue;
      subsetOf[unit] = lacking.take(unit, lacking.ofLabel(label));
      for (let i = units.starts[unit]!; i < units.starts[unit + 1]!; i++) {
        left[units.labels[i]!]!--;
        touched.add(units.labels[i]!);
      }
    }
    for (const other of touched) queue.lower(other);
  }
  const rest = Int32Array.from(subsetOf.keys()).filter((unit) => subsetOf[unit] === -1);
  for (const unit of largestFirst(rest, units, random)) subsetOf[unit] = lacking.take(unit, lacking.rows);
  return subsetOf;
}

/** The units of each label. */
function invert({ starts, labels }: Units): Int32Array[] {
  const count = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const sizes = new Int32Array(count);
  for (const label of labels) sizes[label]!++;
  const lists = Array.from(sizes, (size) => new Int32Array(size));
  const filled = new Int32Array(count);
  for (let unit = 0; unit + 1 < starts.length; unit++) {
    for (let i = starts[unit]!; i < starts[unit + 1]!; i++) {
      const label = labels[i]!;
      lists[label]![filled[label]!++] = unit;
    }
  }
  return lists;
}

/** In random order, but units of many rows before those of few: what is dealt last can even out the least. */
function largestFirst(list: Int32Array, { sizes }: Units, random: Random): Int32Array {
  const shuffled = random.shuffle(list);
  const even = shuffled.every((unit) => sizes[unit] === sizes[shuffled[0]!]);
  return even ? shuffled : shuffled.sort((a, b) => sizes[b]! - sizes[a]!);
}

/** How many rows, and how many rows of each label, every subset still lacks: c_j and c_j^i of the paper. */
class Lacking {
  /** `[subsets]` */
  readonly rows: Float64Array;
  /** `[labels * subsets]` */
  readonly #labels: Float64Array;
  readonly #units: Units;
  readonly #random: Random;

  constructor(units: Units, labelCount: number, shares: readonly number[], random: Random) {
    this.#units = units;
    this.#random = random;
    const total = units.sizes.reduce((sum, size) => sum + size, 0);
    this.rows = Float64Array.from(shares, (share) => share * total);
    const counts = new Float64Array(labelCount);
    for (const [i, label] of units.labels.entries()) counts[label]! += units.counts[i]!;
    this.#labels = new Float64Array(labelCount * shares.length);
    for (let i = 0; i < this.#labels.length; i++) {
      this.#labels[i] = shares[i % shares.length]! * counts[Math.floor(i / shares.length)]!;
    }
  }

  ofLabel(label: number): Float64Array {
    return this.#labels.subarray(label * this.rows.length, (label + 1) * this.rows.length);
  }

  /** Gives a unit to the subset that lacks most of `what`, and returns it. */
  take(unit: number, what: Float64Array): number {
    const { sizes, starts, labels, counts } = this.#units;
    const subset = this.#choose(what);
    this.rows[subset]! -= sizes[unit]!;
    for (let i = starts[unit]!; i < starts[unit + 1]!; i++) {
      this.#labels[labels[i]! * this.rows.length + subset]! -= counts[i]!;
    }
    return subset;
  }

  #choose(what: Float64Array): number {
    let best: number[] = [];
    for (let subset = 0; subset < what.length; subset++) {
      const more =
        best.length === 0 ? 1 : what[subset]! - what[best[0]!]! || this.rows[subset]! - this.rows[best[0]!]!;
      if (more > 0) best = [subset];
      else if (more === 0) best.push(subset);
    }
    return best.length === 1 ? best[0]! : best[this.#random.below(best.length)]!;
  }
}

/** Labels by the number of units they have left, which only falls: a list for each number, old entries passed over. */
class FewestFirst {
  readonly #left: Int32Array;
  readonly #lists: number[][] = [];
  #fewest = 1;

  /** @param left units that each label has left; the caller lowers these and then calls {@link lower} */
  constructor(left: Int32Array) {
    this.#left = left;
    for (let label = left.length - 1; label >= 0; label--) this.lower(label);
  }

  lower(label: number): void {
    const left = this.#left[label]!;
    if (left === 0) return;
    this.#lists[left] ??= [];
    this.#lists[left].push(label);
    this.#fewest = Math.min(this.#fewest, left);
  }

  /** A label with the fewest units left, but at least one; `undefined` when all are dealt out. */
  next(): number | undefined {
    for (; this.#fewest < this.#lists.length; this.#fewest++) {
      const list = this.#lists[this.#fewest] ?? [];
      for (let label = list.pop(); label !== undefined; label = list.pop()) {
        if (this.#left[label] === this.#fewest) return label;
      }
    }
    return undefined;
  }
}
