// Splits as a table of row ids, so that a run can be repeated, here or elsewhere.

import { invalidData, invalidOption, type TagformerError } from "../base/errors.js";
import { requireMadeBy, requirePath } from "../base/kinds.js";
import { shown } from "../base/parse-options.js";
import { BadRows, shownRows } from "./bad-rows.js";
import { csvLines } from "./csv.js";
import { type Dataset, numberOf, unitOf } from "./dataset.js";
import { readRows } from "./rows.js";
import { requireDataset } from "./shape.js";
import { tableSource } from "./source.js";
import type { Split } from "./split.js";

/** What the rows that judge the finished model are called, in both kinds of files. */
const testPart = "test";
const partNames: readonly string[] = ["train", "validation", testPart];

/**
 * A split as a CSV table with one line a row of the dataset: `id` (or `line` in the source, or `row` from 1, where there are
 * no unique ids) and `part`, which is `train`, `validation` or `test`.
 */
export function formatSplit(dataset: Dataset, split: Split): string {
  requireDataset(dataset);
  requireMadeBy("stratifiedSplit()", split, ["train", "validation"]);
  const { train, validation, test } = split;
  return formatParts(dataset, "part", [
    ["train", train],
    ["validation", validation],
    ...(test ? [[testPart, test] as const] : []),
  ]);
}

/**
 * Folds as such a table, with the column `fold`: the number, from 1, of the fold whose validation the row belongs to, or
 * `test`.
 */
export function formatFolds(dataset: Dataset, folds: readonly Split[]): string {
  requireDataset(dataset);
  if (!Array.isArray(folds)) throw invalidOption(`the folds are ${shown(folds)}; expected a list of splits`);
  for (const one of folds) requireMadeBy("stratifiedFolds()", one, ["train", "validation"]);
  const test = folds[0]?.test;
  return formatParts(dataset, "fold", [
    ...folds.map(({ validation }, i) => [String(i + 1), validation] as const),
    ...(test ? [[testPart, test] as const] : []),
  ]);
}

function formatParts(
  dataset: Dataset,
  column: string,
  parts: readonly (readonly [string, Int32Array])[],
): string {
  const { name, keys } = keysOf(dataset);
  const partOfRow = new Map(parts.flatMap(([part, rows]) => Array.from(rows, (row) => [row, part] as const)));
  const lines = keys.flatMap((key, row) => (partOfRow.has(row) ? [[key, partOfRow.get(row)]] : []));
  return csvLines([[name, column], ...lines]);
}

/**
 * Reads what {@link formatSplit} or {@link formatFolds} wrote, for the same rows.
 *
 * @param fold the fold to validate on, from 1, for a file of folds
 * @throws TagformerError `INVALID_DATA` when the file's rows are not those of the dataset, `INVALID_OPTION` when `fold` is
 * missing or out of place
 */
export async function readSplit(file: string, dataset: Dataset, fold?: number): Promise<Split> {
  requirePath(file, "split file");
  requireDataset(dataset);
  const { column, parts } = await readParts(file, dataset);
  const { name, keys } = keysOf(dataset);
  const absent = keys.filter((key) => !parts.has(key));
  if (absent.length > 0)
    throw mismatch(file, `lacks ${absent.length} rows of ${dataset.source}`, name, absent);
  const held = heldPart(file, column, new Set(parts.values()), fold);
  const rows = Int32Array.from(keys, (_, row) => row);
  const test = rows.filter((row) => parts.get(keys[row]!) === testPart);
  return {
    train: rows.filter((row) => ![held, testPart].includes(parts.get(keys[row]!)!)),
    validation: rows.filter((row) => parts.get(keys[row]!) === held),
    ...(test.length > 0 && { test }),
  };
}

interface Parts {
  readonly column: "part" | "fold";
  /** The part of each row, by its key. */
  readonly parts: ReadonlyMap<string, string>;
}

async function readParts(file: string, dataset: Dataset): Promise<Parts> {
  const { name, keys } = keysOf(dataset);
  const known = new Set(keys);
  const unknown: string[] = [];
  const parts = new Map<string, string>();
  let column: Parts["column"] = "part";
  for await (const { line, cells } of readRows(tableSource(file), new BadRows("error"))) {
    column = cells.has("fold") ? "fold" : "part";
    const [key, part] = [cells.get(name), cells.get(column)];
    if (typeof key !== "string" || typeof part !== "string") {
      throw invalidData(
        `${file}, line ${line}: expected the columns ${name} and part or fold, for the rows of ${dataset.source}`,
      );
    }
    if (column === "part" && !partNames.includes(part)) {
      throw invalidData(
        `${file}, line ${line}: the part is ${JSON.stringify(part)}; expected train, validation or test`,
      );
    }
    if (!known.has(key)) unknown.push(key);
    parts.set(key, part);
  }
  if (unknown.length > 0)
    throw mismatch(file, `names ${unknown.length} rows that ${dataset.source} lacks`, name, unknown);
  return { column, parts };
}

function heldPart(file: string, column: Parts["column"], found: ReadonlySet<string>, fold?: number): string {
  const held = column === "part" ? "validation" : String(fold);
  if (column === "part" && fold !== undefined) {
    throw invalidOption(`option fold is ${fold}, but ${file} holds one split and no folds`);
  }
  if (found.has(held) && held !== testPart) return held;
  if (column === "part") {
    if (found.has(testPart)) return held;
    throw invalidData(`${file} holds no row with the part "validation" or "test"`);
  }
  throw invalidOption(
    `option fold is ${fold}; ${file} has the folds ${[...found].filter((part) => part !== testPart).join(", ")}`,
  );
}

function mismatch(file: string, problem: string, name: string, keys: readonly string[]): TagformerError {
  const some = keys.slice(0, shownRows).join(", ") + (keys.length > shownRows ? ", ..." : "");
  return invalidData(`${file} ${problem} (${name} ${some}); it was made for other rows`);
}

/** What names the rows of a dataset. */
function keysOf(dataset: Dataset): { name: "id" | "line" | "row"; keys: readonly string[] } {
  const { texts, ids } = dataset;
  if (ids && new Set(ids).size === ids.length) return { name: "id", keys: [...ids] };
  return {
    name: unitOf(dataset),
    keys: Array.from({ length: texts.length }, (_, row) => String(numberOf(dataset, row))),
  };
}
