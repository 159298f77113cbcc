// The labels of a dataset for a model that names its labels in another order.

import { invalidData } from "../base/errors.js";
import { listLabels } from "../data/column-names.js";
import type { Dataset } from "../data/dataset.js";
import { selectCells } from "../evaluation/alignment.js";

/**
 * The dataset's labels in the order of `names`, `[rows * names.length]`.
 *
 * @throws TagformerError `INVALID_DATA` when one of them has no column
 */
export function labelsInOrder(dataset: Dataset, names: readonly string[]): Float32Array {
  const columns = names.map((name) => {
    const column = dataset.labelNames.indexOf(name);
    if (column >= 0) return column;
    throw invalidData(
      `${dataset.source} has no column for the model's label "${name}"; it has ${listLabels(dataset.labelNames)}`,
    );
  });
  return selectCells(dataset.labels, dataset.labelNames.length, columns);
}
