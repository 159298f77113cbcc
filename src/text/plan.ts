// Rows of a tokenized dataset, and which of them go into one batch.
import type { LabelledBatch, RaggedBatch, TextBatch } from "./batch.js";

/** Number of rows of a batch. */
export function rowCount(batch: RaggedBatch): number {
  return batch.offsets.length - 1;
}

/** Number of texts of a batch. */
export function textCount({ texts, offsets }: TextBatch): number {
  return (texts ?? offsets).length - 1;
}

/** Rows of one batch that go into another. */
export interface RowSelection {
  readonly source: RaggedBatch;
  /** Row numbers of `source`. */
  readonly rows: ArrayLike<number>;
}

/** A batch of rows of several others, in the order given; a row may appear more than once. */
export function gatherRows(selections: readonly RowSelection[]): RaggedBatch {
  const count = selections.reduce((sum, { rows }) => sum + rows.length, 0);
  const offsets = new Int32Array(count + 1);
  let next = 0;
  for (const { source, rows } of selections) {
    for (let i = 0; i < rows.length; i++, next++) {
      offsets[next + 1] = offsets[next]! + source.offsets[rows[i]! + 1]! - source.offsets[rows[i]!]!;
    }
  }
  const gather = (valuesOf: (source: RaggedBatch) => Int32Array) => {
    const gathered = new Int32Array(offsets[count]!);
    let to = 0;
    for (const { source, rows } of selections) {
      const values = valuesOf(source);
      for (let i = 0; i < rows.length; i++, to++) {
        gathered.set(values.subarray(source.offsets[rows[i]!]!, source.offsets[rows[i]! + 1]!), offsets[to]!);
      }
    }
    return gathered;
  };
  const ids = gather((source) => source.ids);
  // Rows of one tokenizer all have segments, or none has.
  const hasTypes = selections.some(({ source }) => source.types !== undefined);
  return hasTypes ? { ids, offsets, types: gather((source) => source.types!) } : { ids, offsets };
}

/** {@link gatherRows} of one batch. */
export function selectRows(source: RaggedBatch, rows: ArrayLike<number>): RaggedBatch {
  return gatherRows([{ source, rows }]);
}

/** The texts from `first` to before `end` as a batch of their own, which shares the memory of `source`. */
export function sliceTexts(source: TextBatch, first: number, end: number): TextBatch {
  const [firstRow, endRow] = source.texts ? [source.texts[first]!, source.texts[end]!] : [first, end];
  const [begin, stop] = [source.offsets[firstRow]!, source.offsets[endRow]!];
  return {
    ids: source.ids.subarray(begin, stop),
    offsets: source.offsets.slice(firstRow, endRow + 1).map((offset) => offset - begin),
    ...(source.types && { types: source.types.subarray(begin, stop) }),
    ...(source.texts && { texts: source.texts.slice(first, end + 1).map((row) => row - firstRow) }),
  };
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
 * Rows dealt into `parts` of about as many tokens each: the longest first, always to the part that has the fewest. Within a
 * part rows keep their order. Only the last parts are empty where there are fewer rows.
 *
 * @param tokens the texts, which may have several windows each
 */
export function dealTokens(tokens: TextBatch, rows: Int32Array, parts: number): Int32Array[] {
  if (parts === 1) return [rows];
  const lengths = Array.from(rows, (row) => tokensOf(tokens, row));
  const places = [...rows.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const dealt = Array.from({ length: parts }, () => ({ total: 0, places: [] as number[] }));
  for (const place of places) {
    const least = dealt.reduce((one, other) => (other.total < one.total ? other : one));
    least.total += lengths[place]!;
    least.places.push(place);
  }
  return dealt.map((part) =>
    Int32Array.from(
      part.places.sort((a, b) => a - b),
      (place) => rows[place]!,
    ),
  );
}

/** Tokens of a text, in all its windows. */
function tokensOf({ offsets, texts }: TextBatch, text: number): number {
  const [first, end] = texts ? [texts[text]!, texts[text + 1]!] : [text, text + 1];
  return offsets[end]! - offsets[first]!;
}

/**
 * Puts a batch's results where its rows belong.
 *
 * @param results results of all rows, `[allRows * width]`
 * @param rows row numbers of the batch
 * @param values results of the batch, `[rows.length * width]`
 */
export function scatterRows(results: Float32Array, rows: ArrayLike<number>, values: Float32Array): void {
  const width = values.length / rows.length;
  for (let i = 0; i < rows.length; i++) {
    results.set(values.subarray(i * width, (i + 1) * width), rows[i]! * width);
  }
}

/** Row numbers by falling length, equal ones in their order. */
export function longestFirst({ offsets }: RaggedBatch): Int32Array {
  const rows = offsets.length - 1;
  // Length and row in one number, which typed arrays sort without calling back: exact up to 2^53.
  const keys = new Float64Array(rows);
  for (let row = 0; row < rows; row++) keys[row] = (offsets[row]! - offsets[row + 1]!) * rows + row;
  return Int32Array.from(keys.sort(), (key) => ((key % rows) + rows) % rows);
}
