// Rows in up to three parts: to train on, to choose by, and to judge the finished model.
import { invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { foldsWithTestOptions, partsOptions } from "../options/splits.js";
import { CompressedTexts, type Texts } from "./compressed-texts.js";
import type { LabelledRows } from "./dataset.js";
import { type Split, type StratifyOptions, stratifiedFolds, stratifiedSplit, testSplit } from "./split.js";

/** Options of {@link trainValidationTestSplit}. */
export interface PartsOptions extends StratifyOptions {
  /** Share of all rows that is held back for validation, from 0 and below 1; 0: none. */
  readonly validation: number;
  /** Share of all rows that is held back to judge the finished model, from 0 and below 1; 0: none. */
  readonly test: number;
}

/**
 * Splits rows into those to train on, those by which epochs and thresholds are chosen (`validation`), and those that judge
 * the finished model (`test`). Labels keep their shares in all parts, and rows of a group or text stay together, as with
 * {@link stratifiedSplit}. The test rows depend on `test` and `seed` alone, not on `validation`.
 *
 * @throws TagformerError `INVALID_OPTION` for shares out of range, `INVALID_DATA` when there are too few rows for a part
 */
export function trainValidationTestSplit(dataset: LabelledRows, options: PartsOptions): Split {
  const { validation, test, ...how } = parseOptions(partsOptions, options);
  if (validation + test >= 1) {
    throw invalidOption(
      `option validationSplit is ${validation} and option testSplit ${test}, which leaves no row to train on; expected less than 1 together`,
    );
  }
  if (test === 0) return stratifiedSplit(dataset, { ...how, fraction: validation });
  const { train: rest, validation: held } = testSplit(dataset, { ...how, fraction: test });
  if (validation === 0) return { train: rest, validation: new Int32Array(), test: held };
  const fraction = validation / (1 - test);
  const inner = stratifiedSplit(rowsOf(dataset, rest, how.byText), { ...how, fraction });
  return { ...withRows(inner, rest), test: held };
}

/** Options of {@link foldsWithTest}. */
export interface FoldsWithTestOptions extends StratifyOptions {
  /** Number of folds, from 2. */
  readonly folds: number;
  /** Share of all rows that no fold holds, from 0 and below 1; 0: none. */
  readonly test: number;
}

/**
 * {@link stratifiedFolds} of the rows that {@link trainValidationTestSplit} does not hold back for the test with the same
 * seed; every split has that test.
 *
 * @throws TagformerError as those do
 */
export function foldsWithTest(dataset: LabelledRows, foldOptions: FoldsWithTestOptions): Split[] {
  const { test, folds: number, ...how } = parseOptions(foldsWithTestOptions, foldOptions);
  const options = { folds: number, ...how };
  if (test === 0) return stratifiedFolds(dataset, options);
  const { train: rest, validation: held } = testSplit(dataset, { ...how, fraction: test });
  const folds = stratifiedFolds(rowsOf(dataset, rest, options.byText), options);
  return folds.map((fold) => ({ ...withRows(fold, rest), test: held }));
}

/** A split of some rows, in the numbers of all rows. */
function withRows({ train, validation }: Split, rows: Int32Array): Split {
  return { train: train.map((row) => rows[row]!), validation: validation.map((row) => rows[row]!) };
}

/** What a split looks at, of some rows. */
function rowsOf(
  { labels, labelNames, texts, groups }: LabelledRows,
  rows: Int32Array,
  byText: boolean,
): LabelledRows {
  const width = labelNames.length;
  const selected = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    selected.set(labels.subarray(row * width, (row + 1) * width), i * width);
  }
  const pick = (values: Texts) => {
    const picked = new CompressedTexts();
    for (const row of rows) picked.push(values.at(row)!);
    return picked;
  };
  return {
    labels: selected,
    labelNames,
    ...(byText && texts && { texts: pick(texts) }),
    ...(groups && { groups: pick(groups) }),
  };
}
