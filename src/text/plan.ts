// Rows of a tokenized dataset, and which of them go into one batch.
import type { LabelledBatch, RaggedBatch, TextBatch } from "./batch.js";

/** How large a batch of a {@link predictionPlan} may be. A row longer than `maxTokens` is a batch of its own. */
export interface BatchLimits {
  readonly maxRows: number;
  readonly maxTokens: number;
}

/** Number of rows of a batch. */
export function rowCount(batch: RaggedBatch): number {
  return batch.offsets.length - 1;
}

/** Number of texts of a batch. */
export function textCount({ texts, offsets }: TextBatch): number {
  return (texts ?? offsets).length - 1;
}

/**
 * A batch of the given rows of `source`, in the order given; a row may appear more than once.
 *
 * @param rows row numbers of `source`
 */
export function selectRows(source: RaggedBatch, rows: Int32Array): RaggedBatch {
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) {
    offsets[i + 1] = offsets[i]! + source.offsets[row + 1]! - source.offsets[row]!;
  }
  const gather = (values: Int32Array) => {
    const gathered = new Int32Array(offsets[rows.length]!);
    for (const [i, row] of rows.entries()) {
      gathered.set(values.subarray(source.offsets[row]!, source.offsets[row + 1]!), offsets[i]!);
    }
    return gathered;
  };
  const ids = gather(source.ids);
  return source.types === undefined ? { ids, offsets } : { ids, offsets, types: gather(source.types) };
}

/**
 * A batch of the given texts of `source`, with their windows, targets and weights, in the order given.
 *
 * @param source its `labels` are `[texts * labelCount]`
 */
export function selectLabelledRows(source: LabelledBatch, chosen: Int32Array): LabelledBatch {
  const width = source.labels.length / textCount(source);
  const labels = new Float32Array(chosen.length * width);
  for (const [i, text] of chosen.entries()) {
    labels.set(source.labels.subarray(text * width, (text + 1) * width), i * width);
  }
  const { weights } = source;
  return {
    ...selectTexts(source, chosen),
    labels,
    ...(weights && { weights: Float32Array.from(chosen, (text) => weights[text]!) }),
  };
}

function selectTexts(source: TextBatch, chosen: Int32Array): TextBatch {
  const first = source.texts;
  if (first === undefined) return selectRows(source, chosen);
  const texts = new Int32Array(chosen.length + 1);
  for (const [i, text] of chosen.entries()) texts[i + 1] = texts[i]! + first[text + 1]! - first[text]!;
  const rows = new Int32Array(texts[chosen.length]!);
  for (const [i, text] of chosen.entries()) {
    for (let row = first[text]!, to = texts[i]!; row < first[text + 1]!; row++, to++) rows[to] = row;
  }
  return { ...selectRows(source, rows), texts };
}

/**
 * Batches of `batchSize` rows in the order of a permutation; the last may be smaller.
 *
 * @param permutation row numbers, `[rows]`
 */
export function trainingPlan(permutation: Int32Array, batchSize: number): Int32Array[] {
  const batches: Int32Array[] = [];
  for (let i = 0; i < permutation.length; i += batchSize) batches.push(permutation.slice(i, i + batchSize));
  return batches;
}

/**
 * Batches of rows of about the same length, each row once. The longest come first, so that a run that would need too
 * much memory fails at its start.
 *
 * @returns the row numbers of each batch
 */
export function predictionPlan(tokens: RaggedBatch, limits: BatchLimits): Int32Array[] {
  const batches: Int32Array[] = [];
  let batch: number[] = [];
  let total = 0;
  for (const row of longestFirst(tokens)) {
    const length = tokens.offsets[row + 1]! - tokens.offsets[row]!;
    if (batch.length === limits.maxRows || (batch.length > 0 && total + length > limits.maxTokens)) {
      batches.push(Int32Array.from(batch));
      batch = [];
      total = 0;
    }
    batch.push(row);
    total += length;
  }
  if (batch.length > 0) batches.push(Int32Array.from(batch));
  return batches;
}

/**
 * Puts a batch's results where its rows belong.
 *
 * @param results results of all rows, `[allRows * width]`
 * @param rows row numbers of the batch
 * @param values results of the batch, `[rows.length * width]`
 */
export function scatterRows(results: Float32Array, rows: Int32Array, values: Float32Array): void {
  const width = values.length / rows.length;
  for (const [i, row] of rows.entries()) {
    results.set(values.subarray(i * width, (i + 1) * width), row * width);
  }
}

/** Row numbers by falling length, equal ones in their order. */
function longestFirst({ offsets }: RaggedBatch): Float64Array {
  const rows = offsets.length - 1;
  // Length and row in one number, which typed arrays sort without calling back: exact up to 2^53.
  const keys = new Float64Array(rows);
  for (let row = 0; row < rows; row++) keys[row] = (offsets[row]! - offsets[row + 1]!) * rows + row;
  return keys.sort().map((key) => ((key % rows) + rows) % rows);
}
