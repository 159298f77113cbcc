// The split into training and validation rows, stratified by label combination.
import { TagformerError } from "../errors.js";
import { generator } from "../random.js";
import type { Dataset } from "./dataset.js";

/** Options of {@link stratifiedSplit}. */
export interface SplitOptions {
  /** Share of the rows that is held back, between 0 and 1, both excluded. */
  readonly fraction: number;
  /** Decides which rows of a combination are held back: the same seed, the same rows. */
  readonly seed: number;
}

/** Rows of a dataset, each list in ascending order. */
export interface Split {
  /** The rows to train on, counted from 0. */
  readonly train: Int32Array;
  /** The rows held back, counted from 0. */
  readonly validation: Int32Array;
}

/**
 * Holds back a share of the rows so that every combination of labels keeps its share on both sides. Combinations that occur
 * once go into training, and every other keeps at least one row there. The number of rows held back is `fraction` of all,
 * rounded, and at least one. Missing labels make combinations of their own.
 *
 * @throws TagformerError `INVALID_OPTION` for a fraction out of range, `INVALID_DATA` when too few combinations occur twice
 */
export function stratifiedSplit(
  { labels, labelNames }: Pick<Dataset, "labels" | "labelNames">,
  { fraction, seed }: SplitOptions,
): Split {
  if (!(fraction > 0 && fraction < 1)) {
    throw new TagformerError(
      "INVALID_OPTION",
      `option validationSplit is ${fraction}; expected a share between 0 and 1`,
    );
  }
  const rows = labels.length / labelNames.length;
  const groups = groupByCombination(labels, labelNames.length);
  const shares = apportion(groups, Math.max(1, Math.round(fraction * rows)), rows);
  const random = generator(seed, "split");
  const isHeldBack = new Uint8Array(rows);
  for (const [i, group] of groups.entries()) {
    for (const row of random.shuffle(group).subarray(0, shares[i])) isHeldBack[row] = 1;
  }
  const all = Int32Array.from(isHeldBack.keys());
  return {
    train: all.filter((row) => isHeldBack[row] === 0),
    validation: all.filter((row) => isHeldBack[row] === 1),
  };
}

/** The rows of each combination, in ascending order; combinations in the order of their first rows. */
function groupByCombination(labels: Float32Array, width: number): Int32Array[] {
  // Rows are compared as strings of one byte a label, which Map hashes natively.
  const codes = Buffer.alloc(labels.length);
  for (let i = 0; i < labels.length; i++) codes[i] = Number.isNaN(labels[i]!) ? 2 : labels[i]!;
  const groups = new Map<string, number[]>();
  for (let row = 0; row < labels.length / width; row++) {
    const combination = codes.toString("latin1", row * width, (row + 1) * width);
    const group = groups.get(combination);
    if (group) group.push(row);
    else groups.set(combination, [row]);
  }
  return Array.from(groups.values(), (group) => Int32Array.from(group));
}

/** How many rows each group gives, `wanted` in all, by the method of the largest remainder. */
function apportion(groups: readonly Int32Array[], wanted: number, rows: number): Int32Array {
  const limits = Int32Array.from(groups, (group) => group.length - 1);
  const available = limits.reduce((sum, limit) => sum + limit, 0);
  if (wanted > available) {
    const problem = `cannot hold back ${wanted} of ${rows} rows for validation and keep every label combination in training`;
    const advice = `at most ${available} can be; lower validationSplit or give a validation file`;
    throw new TagformerError("INVALID_DATA", `${problem}: ${advice}`);
  }
  const eligible = groups.reduce((sum, group) => sum + (group.length > 1 ? group.length : 0), 0);
  const quotas = groups.map((group) => (group.length > 1 ? (wanted * group.length) / eligible : 0));
  const shares = Int32Array.from(quotas, (quota, i) => Math.min(Math.floor(quota), limits[i]!));
  const order = [...groups.keys()].sort(
    (a, b) => quotas[b]! - shares[b]! - (quotas[a]! - shares[a]!) || a - b,
  );
  let left = wanted - shares.reduce((sum, share) => sum + share, 0);
  // More than one round only when limits cut many small groups off.
  while (left > 0) {
    for (const i of order) {
      if (left === 0 || shares[i] === limits[i]) continue;
      shares[i]!++;
      left--;
    }
  }
  return shares;
}
