// Splits into training and validation rows, stratified by label combination or label by label.

import { invalidData } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { generator, type Random } from "../base/random.js";
import { foldOptions, heldBackOptions, type ResolvedStratifyOptions } from "../options/splits.js";
import { rowsByCombination } from "./combinations.js";
import type { LabelledRows } from "./dataset.js";
import { unitsOf } from "./groups.js";
import { dealIteratively } from "./iterative-split.js";
import { requireLabelledRows } from "./shape.js";
import { roundAtRandom } from "./shares.js";
import type { Units } from "./subset-needs.js";

/** How a split is made. */
export interface StratifyOptions {
  /** Decides among all equally good splits: the same seed, the same rows; 42 unless given. */
  readonly seed?: number | undefined;
  /**
   * `iterative` (the default) keeps the share of every label, by the algorithm of Sechidis et al. (2011). `combinations`
   * keeps that of every combination of labels, and never holds back a row whose combination occurs once: what is held back
   * is easier than the rest, so figures on it are too good, by 0.01 to 0.05 of F1 where many combinations are rare.
   */
  readonly method?: "combinations" | "iterative" | undefined;
  /**
   * Whether rows with the same text stay together, where case, blanks and punctuation do not count; rows with the same of
   * the dataset's `groups` always do.
   */
  readonly byText?: boolean | undefined;
}

/** Options of {@link stratifiedSplit}. */
export interface SplitOptions extends StratifyOptions {
  /** Share of the rows that is held back, between 0 and 1, both excluded. */
  readonly fraction: number;
}

/** Options of {@link stratifiedFolds}. */
export interface FoldOptions extends StratifyOptions {
  /** Number of folds, from 2. */
  readonly folds: number;
}

/** Rows of a dataset, each list in ascending order. */
export interface Split {
  /** The rows to train on, counted from 0. */
  readonly train: Int32Array;
  /** The rows held back for validation, counted from 0. */
  readonly validation: Int32Array;
  /** The rows held back to judge the finished model, counted from 0; absent when there are none. */
  readonly test?: Int32Array;
}

/** What rows are held back for, as errors name it. */
interface Part {
  readonly name: string;
  /** The option that says how many. */
  readonly option: string;
  /** Another way to have such rows. */
  readonly instead: string;
}

const validationPart: Part = {
  name: "validation",
  option: "validationSplit",
  instead: "give a validation file",
};
const testPart: Part = {
  name: "the test",
  option: "testSplit",
  instead: "judge the model on a table of its own with `tagformer evaluate`",
};

/**
 * Holds back a share of the rows so that labels keep their shares on both sides; a soft label counts as set above 0.5.
 *
 * The number of rows held back is `fraction` of all, rounded, and at least one, or as near to it as rows that stay together
 * allow. Where a label's share is no whole number the seed decides whether it is rounded up or
 * down, so that every row is held back as often as any other over many seeds; but a label that occurs once stays in
 * training. By combinations, missing labels make combinations of their own, and every combination keeps at least one row in
 * training.
 *
 * @throws TagformerError `INVALID_OPTION` for a fraction out of range, `INVALID_DATA` when there are too few rows
 */
export function stratifiedSplit(dataset: LabelledRows, options: SplitOptions): Split {
  return holdBack(dataset, parseOptions(heldBackOptions, options), validationPart, "split");
}

/**
 * {@link stratifiedSplit} of the rows that judge the finished model, which are returned as `validation`. They depend on
 * no option of the validation rows: runs that differ in those have the same test.
 */
export function testSplit(dataset: LabelledRows, options: SplitOptions): Split {
  return holdBack(dataset, parseOptions(heldBackOptions, options), testPart, "test split");
}

/** @param purpose of the random numbers */
function holdBack(
  dataset: LabelledRows,
  { fraction, seed, method, byText }: ResolvedStratifyOptions & { readonly fraction: number },
  part: Part,
  purpose: string,
): Split {
  requireLabelledRows(dataset, byText);
  const random = generator(seed, purpose);
  const rows = dataset.labels.length / dataset.labelNames.length;
  const unitOfRow = unitsOf(dataset, byText) ?? ascending(rows);
  const units = unitOfRow.reduce((most, unit) => Math.max(most, unit + 1), 0);
  if (units < 2) {
    const what =
      rows === 1 ? "there is only one row" : `all ${rows} rows are of one group or text and stay together`;
    throw invalidData(
      `cannot hold back rows for ${part.name}: ${what}; set ${part.option} to 0, or ${part.instead}`,
    );
  }
  const held = heldBack(rows, fraction);
  if (method === "combinations" && units === rows) return splitByCombination(dataset, held, part, random);
  return splitOf(deal(dataset, unitOfRow, method, [1 - held / rows, held / rows], random), 1);
}

/** Rows that a split of single rows holds back. */
function heldBack(rows: number, fraction: number): number {
  return Math.min(Math.max(1, Math.round(fraction * rows)), rows - 1);
}

/**
 * Sentences about parts of a split that have far fewer or more rows than was asked for, because groups of rows stay
 * together; usually none.
 *
 * @param asked shares of all rows; `undefined` or 0 where nothing was asked for
 */
export function describeShortfalls(
  { train, validation, test = new Int32Array() }: Split,
  asked: { readonly validation?: number | undefined; readonly test?: number | undefined },
): string[] {
  const rows = train.length + validation.length + test.length;
  const describe = (found: number, share: number | undefined, { name }: Part) => {
    if (!share) return [];
    const wanted = heldBack(rows, share);
    if (Math.abs(found - wanted) <= Math.max(1, wanted / 5)) return [];
    const few = found < wanted ? "only " : "";
    return [
      `${few}${found} of ${rows} rows are held back for ${name}, where ${wanted} were asked for: rows of one group or text stay together, and no other choice of groups comes nearer`,
    ];
  };
  return [
    ...describe(validation.length, asked.validation, validationPart),
    ...describe(test.length, asked.test, testPart),
  ];
}

/**
 * Deals the rows out to folds of equal size so that labels keep their shares in each. Fold i is the validation of split i,
 * and all others are its training.
 *
 * @throws TagformerError `INVALID_OPTION` for fewer than 2 folds, `INVALID_DATA` when there are fewer rows, or groups of
 * rows to keep together, than folds
 */
export function stratifiedFolds(dataset: LabelledRows, options: FoldOptions): Split[] {
  const { folds, seed, method, byText } = parseOptions(foldOptions, options);
  requireLabelledRows(dataset, byText);
  const random = generator(seed, "folds");
  const rows = dataset.labels.length / dataset.labelNames.length;
  const shares = new Array<number>(folds).fill(1 / folds);
  const parts = deal(dataset, unitsOf(dataset, byText) ?? ascending(rows), method, shares, random);
  const splits = Array.from({ length: folds }, (_, fold) => splitOf(parts, fold));
  if (splits.every(({ validation }) => validation.length > 0)) return splits;
  throw invalidData(`there are too few rows, or groups of rows to keep together, for ${folds} folds`);
}

function ascending(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row);
}

/** The part of each row, `[rows]`. */
function deal(
  { labels, labelNames }: LabelledRows,
  unitOfRow: Int32Array,
  method: "combinations" | "iterative",
  shares: readonly number[],
  random: Random,
): Int32Array {
  const labelsOfRow =
    method === "iterative"
      ? setLabels(labels, labelNames.length)
      : combinationNumbers(labels, labelNames.length);
  const parts = dealIteratively(collectUnits(unitOfRow, labelsOfRow), shares, random);
  return unitOfRow.map((unit) => parts[unit]!);
}

/** Calls back with every label of a row. */
type LabelsOfRow = (row: number, take: (label: number) => void) => void;

function setLabels(labels: Float32Array, width: number): LabelsOfRow {
  return (row, take) => {
    for (let i = 0; i < width; i++) if (labels[row * width + i]! > 0.5) take(i);
  };
}

/** Dealt out iteratively, combinations are labels of which every row has one. */
function combinationNumbers(labels: Float32Array, width: number): LabelsOfRow {
  const numbers = new Int32Array(labels.length / width);
  for (const [number, rows] of rowsByCombination(labels, width).entries()) {
    for (const row of rows) numbers[row] = number;
  }
  return (row, take) => take(numbers[row]!);
}

function collectUnits(unitOfRow: Int32Array, labelsOfRow: LabelsOfRow): Units {
  const count = unitOfRow.reduce((most, unit) => Math.max(most, unit + 1), 0);
  const sizes = new Int32Array(count);
  const perUnit: (Map<number, number> | undefined)[] = new Array(count);
  for (const [row, unit] of unitOfRow.entries()) {
    sizes[unit]!++;
    labelsOfRow(row, (label) => {
      const counts = perUnit[unit] ?? new Map<number, number>();
      perUnit[unit] = counts;
      counts.set(label, (counts.get(label) ?? 0) + 1);
    });
  }
  const starts = new Int32Array(count + 1);
  for (let unit = 0; unit < count; unit++) starts[unit + 1] = starts[unit]! + (perUnit[unit]?.size ?? 0);
  const labels = new Int32Array(starts[count]!);
  const counts = new Int32Array(starts[count]!);
  for (let unit = 0, i = 0; unit < count; unit++) {
    for (const [label, rows] of perUnit[unit] ?? []) {
      labels[i] = label;
      counts[i++] = rows;
    }
  }
  return { sizes, starts, labels, counts };
}

function splitOf(parts: Int32Array, validation: number): Split {
  const rows = Int32Array.from(parts.keys());
  return {
    train: rows.filter((row) => parts[row] !== validation),
    validation: rows.filter((row) => parts[row] === validation),
  };
}

function splitByCombination(
  { labels, labelNames }: LabelledRows,
  held: number,
  part: Part,
  random: Random,
): Split {
  const rows = labels.length / labelNames.length;
  const groups = rowsByCombination(labels, labelNames.length);
  const shares = apportion(groups, held, rows, part, random);
  const isHeldBack = new Int32Array(rows);
  for (const [i, group] of groups.entries()) {
    for (const row of random.shuffle(group).subarray(0, shares[i])) isHeldBack[row] = 1;
  }
  return splitOf(isHeldBack, 1);
}

/** How many rows each group gives, `wanted` in all: its share, rounded up or down at random. */
function apportion(
  groups: readonly Int32Array[],
  wanted: number,
  rows: number,
  part: Part,
  random: Random,
): Int32Array {
  const limits = Int32Array.from(groups, (group) => group.length - 1);
  const available = limits.reduce((sum, limit) => sum + limit, 0);
  if (wanted > available) {
    const problem = `cannot hold back ${wanted} of ${rows} rows for ${part.name} and keep every label combination in training`;
    const advice = `at most ${available} can be; keep the shares of labels instead of combinations (splitMethod: iterative), lower ${part.option}, or ${part.instead}`;
    throw invalidData(`${problem}: ${advice}`);
  }
  const eligible = groups.reduce((sum, group) => sum + (group.length > 1 ? group.length : 0), 0);
  const quotas = groups.map((group) => (group.length > 1 ? group.length / eligible : 0));
  const shares = roundAtRandom(wanted, quotas, random).map((share, i) => Math.min(share, limits[i]!));
  const order = random.shuffle([...groups.keys()]);
  let left = wanted - shares.reduce((sum, share) => sum + share, 0);
  // Something is left only where limits cut small groups off; more than one round where they cut many.
  while (left > 0) {
    for (const i of order) {
      if (left === 0 || shares[i] === limits[i]) continue;
      shares[i]!++;
      left--;
    }
  }
  return shares;
}
