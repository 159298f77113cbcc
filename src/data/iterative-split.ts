// Iterative stratification: K. Sechidis, G. Tsoumakas and I. Vlahavas, "On the Stratification of Multi-Label Data",
// ECML PKDD 2011, algorithm 1, for units of one row or several; then a second look at every unit.
import type { Random } from "../base/random.js";
import { SubsetNeeds, type Units } from "./subset-needs.js";

/**
 * Deals units out to subsets so that each label has its share in every subset.
 *
 * The label with the fewest units left is dealt first, while there is the most choice; each of its units goes to the subset
 * that needs that label most, among equals to the one that needs rows most, and among those to any. Large units go first.
 * What has no label fills the subsets up. Rows of rare labels may by then have used up the frequent labels that they also
 * have, so units move once more, as long as that brings labels and rows nearer to their shares.
 *
 * @param shares of the rows that each subset is to have: of two subsets, or equal ones of any number
 * @returns the subset of each unit, `[units]`
 */
export function dealIteratively(units: Units, shares: readonly number[], random: Random): Int32Array {
  const subsetOf = new Int32Array(units.sizes.length).fill(-1);
  const unitsOfLabel = invert(units);
  const left = Int32Array.from(unitsOfLabel, (list) => list.length);
  const needs = new SubsetNeeds(units, shares, left, random);
  const deal = (unit: number, what: Int32Array) => {
    subsetOf[unit] = needs.neediest(what, random);
    needs.give(unit, subsetOf[unit]!);
  };
  const queue = new FewestFirst(left, random);
  for (let label = queue.next(); label !== undefined; label = queue.next()) {
    const touched = new Set<number>();
    for (const unit of largestFirst(unitsOfLabel[label]!, units, random)) {
      if (subsetOf[unit]! >= 0) continue;
      deal(unit, needs.ofLabel(label));
      for (let i = units.starts[unit]!; i < units.starts[unit + 1]!; i++) {
        left[units.labels[i]!]!--;
        touched.add(units.labels[i]!);
      }
    }
    for (const other of touched) queue.lower(other);
  }
  const rest = Int32Array.from(subsetOf.keys()).filter((unit) => subsetOf[unit] === -1);
  for (const unit of largestFirst(rest, units, random)) deal(unit, needs.rows);
  moveToBetterSubsets(subsetOf, needs, random);
  fillUp(subsetOf, needs, random);
  return subsetOf;
}

/** Moves units while that makes the sum of the squares of all needs smaller; rows count as one more label. */
function moveToBetterSubsets(subsetOf: Int32Array, needs: SubsetNeeds, random: Random): void {
  const order = Int32Array.from(subsetOf.keys());
  for (let moved = true; moved; ) {
    moved = false;
    for (const unit of random.shuffle(order)) {
      const from = subsetOf[unit]!;
      let [to, least] = [from, 0];
      for (let other = 0; other < needs.subsets; other++) {
        if (other === from) continue;
        const cost = needs.costOfRows(unit, from, other) + needs.costOfLabels(unit, from, other);
        if (cost < least - 1e-9) [to, least] = [other, cost];
      }
      if (to === from) continue;
      move(unit, from, to, subsetOf, needs);
      moved = true;
    }
  }
}

/** Gives subsets the rows that they still need, by the moves that cost the labels least; none stays empty. */
function fillUp(subsetOf: Int32Array, needs: SubsetNeeds, random: Random): void {
  const order = random.shuffle(Int32Array.from(subsetOf.keys()));
  for (;;) {
    const from = needs.rows.indexOf(Math.min(...needs.rows));
    const to = needs.rows.indexOf(Math.max(...needs.rows));
    const isEmpty = !subsetOf.includes(to);
    let best = -1;
    let least: readonly [number, number] = [Number.POSITIVE_INFINITY, 0];
    for (const unit of order) {
      if (subsetOf[unit] !== from) continue;
      const rows = needs.costOfRows(unit, from, to);
      if (rows >= 0 && !isEmpty) continue;
      const cost: readonly [number, number] = [Math.max(0, rows), needs.costOfLabels(unit, from, to)];
      if (cost[0] < least[0] || (cost[0] === least[0] && cost[1] < least[1])) [best, least] = [unit, cost];
    }
    if (best < 0) return;
    move(best, from, to, subsetOf, needs);
  }
}

function move(unit: number, from: number, to: number, subsetOf: Int32Array, needs: SubsetNeeds): void {
  needs.takeBack(unit, from);
  needs.give(unit, to);
  subsetOf[unit] = to;
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

/** Labels by the number of units they have left, which only falls: a list for each number, old entries passed over. */
class FewestFirst {
  readonly #left: Int32Array;
  readonly #lists: number[][] = [];
  readonly #random: Random;
  #fewest = 1;

  /** @param left units that each label has left; the caller lowers these and then calls {@link lower} */
  constructor(left: Int32Array, random: Random) {
    this.#left = left;
    this.#random = random;
    for (let label = left.length - 1; label >= 0; label--) this.lower(label);
  }

  lower(label: number): void {
    const left = this.#left[label]!;
    if (left === 0) return;
    this.#lists[left] ??= [];
    this.#lists[left].push(label);
    this.#fewest = Math.min(this.#fewest, left);
  }

  /** Any label with the fewest units left, but at least one; `undefined` when all are dealt out. */
  next(): number | undefined {
    for (; this.#fewest < this.#lists.length; this.#fewest++) {
      const list = this.#lists[this.#fewest] ?? [];
      while (list.length > 0) {
        const label = takeAny(list, this.#random);
        if (this.#left[label] === this.#fewest) return label;
      }
    }
    return undefined;
  }
}

/** Takes an element out of a list, whose order may change. */
function takeAny(list: number[], random: Random): number {
  const place = random.below(list.length);
  const taken = list[place]!;
  list[place] = list[list.length - 1]!;
  list.pop();
  return taken;
}
