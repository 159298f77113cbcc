// A dataset of some rows of another.
import { invalidOption } from "../base/errors.js";
import { shown } from "../base/parse-options.js";
import { CompressedTexts, type Texts } from "./compressed-texts.js";
import type { Dataset } from "./dataset.js";
import { requireDataset } from "./shape.js";

/** Leaves out the rows that have no label at all: neither loss nor metrics would see them. */
export function dropUnlabelled<Label extends string>(
  dataset: Dataset<Label>,
): { dataset: Dataset<Label>; dropped: number } {
  const { texts, labels, labelNames } = dataset;
  const width = labelNames.length;
  const isLabelled = (row: number) =>
    labels.subarray(row * width, (row + 1) * width).some((x) => !Number.isNaN(x));
  const rows = Int32Array.from({ length: texts.length }, (_, row) => row).filter(isLabelled);
  const dropped = texts.length - rows.length;
  return { dataset: dropped === 0 ? dataset : selectRows(dataset, rows), dropped };
}

/**
 * A dataset of some rows of another, in the order given; a row may appear more than once.
 *
 * @param rows row numbers from 0, such as {@link stratifiedSplit} gives
 * @throws TagformerError `INVALID_OPTION` when the dataset has no such row
 * @example
 * ```ts
 * const split = stratifiedSplit(dataset, { fraction: 0.1 });
 * const [train, validation] = [selectRows(dataset, split.train), selectRows(dataset, split.validation)];
 * ```
 */
export function selectRows<Label extends string>(dataset: Dataset<Label>, rows: Int32Array): Dataset<Label> {
  requireDataset(dataset);
  if (!(rows instanceof Int32Array)) {
    throw invalidOption(`the rows are ${shown(rows)}; expected an Int32Array of row numbers from 0`);
  }
  const bad = rows.find((row) => row < 0 || row >= dataset.texts.length);
  if (bad !== undefined) {
    const expected = `expected row numbers from 0 to ${dataset.texts.length - 1}`;
    throw invalidOption(`${dataset.source} has no row ${bad}; ${expected}`);
  }
  const { source, texts, labelNames, labels, ids, weights, groups, lines, lineUnit } = dataset;
  const width = labelNames.length;
  const selected = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries())
    selected.set(labels.subarray(row * width, (row + 1) * width), i * width);
  return {
    source,
    texts: pick(texts, rows),
    labelNames,
    labels: selected,
    ...(ids && { ids: pick(ids, rows) }),
    ...(weights && { weights: rowsOf(weights, rows) }),
    ...(groups && { groups: pick(groups, rows) }),
    ...(lines && { lines: rows.map((row) => lines[row]!) }),
    ...(lineUnit && { lineUnit }),
  };
}

function pick(texts: Texts, rows: Int32Array): Texts {
  const picked = new CompressedTexts();
  for (const row of rows) picked.push(texts.at(row)!);
  return picked;
}

function rowsOf(values: Float32Array, rows: Int32Array): Float32Array {
  return Float32Array.from(rows, (row) => values[row]!);
}
