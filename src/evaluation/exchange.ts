// The exchange test of one label's F1: what its difference might have been if each decision had come from either run.
import type { Random } from "../base/random.js";
import { logChoose } from "./binomial.js";
import type { JudgedRows } from "./figures.js";
import type { Blocks } from "./resampling.js";

/** Blocks in which the runs differ at a label by the same numbers, whichever run has more. */
interface Kind {
  /** True positives that one run has more there than the other. */
  readonly hits: number;
  /** False positives that the same run has more; negative where it has fewer. */
  readonly alarms: number;
  readonly blocks: number;
}

/** What a label's F1 is computed from. */
interface LabelDifference {
  readonly positives: number;
  /** True positives of both runs together, and false positives. */
  readonly hits: number;
  readonly alarms: number;
  /** By how much the first run has more of them. */
  readonly moreHits: number;
  readonly moreAlarms: number;
  readonly kinds: readonly Kind[];
}

/** Up to so many outcomes are counted one by one; beyond, outcomes are drawn. */
const mostOutcomes = 200_000;

/**
 * The p-value of each label: the probability of a difference of F1 at least as large, in either direction, when each block
 * is exchanged between the runs or not. Exact where the outcomes can be counted, which is nearly always: of blocks that
 * differ alike only the number counts. Otherwise by `samples` draws.
 */
export function labelPValues(
  first: JudgedRows,
  second: JudgedRows,
  blocks: Blocks,
  samples: number,
  random: Random,
): number[] {
  return Array.from({ length: first.labels }, (_, label) => {
    const found = differenceAt(first, second, blocks, label);
    const outcomes = found.kinds.reduce((product, kind) => product * (kind.blocks + 1), 1);
    return outcomes <= mostOutcomes ? exactP(found) : drawnP(found, samples, random);
  });
}

function differenceAt(
  first: JudgedRows,
  second: JudgedRows,
  { rows, starts }: Blocks,
  label: number,
): LabelDifference {
  const sums = { positives: 0, hits: 0, alarms: 0, moreHits: 0, moreAlarms: 0 };
  const kinds = new Map<string, Kind>();
  for (let block = 0; block + 1 < starts.length; block++) {
    let [hits, alarms] = [0, 0];
    for (let place = starts[block]!; place < starts[block + 1]!; place++) {
      // The outcome is 2 * truth + decision, or 4 where it is not labelled.
      const at = rows[place]! * first.labels + label;
      const [one, other] = [first.outcomes[at]!, second.outcomes[at]!];
      if (one === 2 || one === 3) sums.positives++;
      sums.hits += Number(one === 3) + Number(other === 3);
      sums.alarms += Number(one === 1) + Number(other === 1);
      hits += Number(one === 3) - Number(other === 3);
      alarms += Number(one === 1) - Number(other === 1);
    }
    if (hits === 0 && alarms === 0) continue;
    sums.moreHits += hits;
    sums.moreAlarms += alarms;
    const sign = hits < 0 || (hits === 0 && alarms < 0) ? -1 : 1;
    const key = `${sign * hits} ${sign * alarms}`;
    const kind = kinds.get(key) ?? { hits: sign * hits, alarms: sign * alarms, blocks: 0 };
    kinds.set(key, { ...kind, blocks: kind.blocks + 1 });
  }
  return { ...sums, kinds: [...kinds.values()] };
}

/** The difference of F1 when the first run has so many more true and false positives than the second. */
function f1Difference(
  { positives, hits, alarms }: LabelDifference,
  moreHits: number,
  moreAlarms: number,
): number {
  const f1 = (sign: 1 | -1) => {
    const own = hits + sign * moreHits;
    const given = own + alarms + sign * moreAlarms;
    return given + 2 * positives === 0 ? 0 : (2 * own) / (given + 2 * positives);
  };
  return f1(1) - f1(-1);
}

/** Whether a difference is as large as the one that was found; sums in another order may differ in their last digits. */
function isAsLarge(found: LabelDifference): (moreHits: number, moreAlarms: number) => boolean {
  const least = Math.abs(f1Difference(found, found.moreHits, found.moreAlarms)) - 1e-12;
  return (moreHits, moreAlarms) => Math.abs(f1Difference(found, moreHits, moreAlarms)) >= least;
}

function exactP(found: LabelDifference): number {
  const counts = isAsLarge(found);
  const shareFrom = (kind: number, moreHits: number, moreAlarms: number): number => {
    const next = found.kinds[kind];
    if (next === undefined) return Number(counts(moreHits, moreAlarms));
    let sum = 0;
    for (let stay = 0; stay <= next.blocks; stay++) {
      const chance = Math.exp(logChoose(next.blocks, stay) - next.blocks * Math.LN2);
      const more = 2 * stay - next.blocks;
      sum += chance * shareFrom(kind + 1, moreHits + more * next.hits, moreAlarms + more * next.alarms);
    }
    return sum;
  };
  return Math.min(1, shareFrom(0, 0, 0));
}

function drawnP(found: LabelDifference, samples: number, random: Random): number {
  const counts = isAsLarge(found);
  let asLarge = 1; // the rows as they are
  for (let i = 0; i < samples; i++) {
    let [moreHits, moreAlarms] = [0, 0];
    for (const kind of found.kinds) {
      const more = 2 * heads(kind.blocks, random) - kind.blocks;
      moreHits += more * kind.hits;
      moreAlarms += more * kind.alarms;
    }
    if (counts(moreHits, moreAlarms)) asLarge++;
  }
  return asLarge / (samples + 1);
}

/** How many of so many coins show heads, 32 at a time. */
function heads(coins: number, random: Random): number {
  let sum = 0;
  for (let left = coins; left > 0; left -= 32) {
    const bits = random.below(2 ** 32) & (left >= 32 ? -1 : 2 ** left - 1);
    sum += bitCount(bits);
  }
  return sum;
}

function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
