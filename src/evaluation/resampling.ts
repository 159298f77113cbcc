// Rows drawn with replacement: whole, so that the labels of a text stay together, and with all others of their cluster.
import type { Random } from "../base/random.js";

/** Rows that are drawn together, each row in one block. */
export interface Blocks {
  /** The rows of block b are `rows[starts[b]]` to `rows[starts[b + 1] - 1]`. */
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
}

/** Number of blocks. */
export function blockCount({ starts }: Blocks): number {
  return starts.length - 1;
}

/** The rows with at least one labelled element. */
export function labelledRows(labels: Float32Array, width: number): Uint32Array {
  const rows = new Uint32Array(labels.length / width);
  let found = 0;
  for (let row = 0; row < rows.length; row++) {
    let isLabelled = false;
    for (let i = row * width; i < (row + 1) * width; i++) isLabelled ||= !Number.isNaN(labels[i]!);
    if (isLabelled) rows[found++] = row;
  }
  return rows.subarray(0, found);
}

/**
 * The blocks of some rows.
 *
 * @param clusters the cluster of each row, of all; absent: each row is a block
 */
export function blocksOf(rows: Uint32Array, clusters: Int32Array | undefined): Blocks {
  if (clusters === undefined) {
    return { rows, starts: Uint32Array.from({ length: rows.length + 1 }, (_, i) => i) };
  }
  const places = new Map<number, number>();
  const blockOfRow = Uint32Array.from(rows, (row) => {
    const place = places.get(clusters[row]!) ?? places.size;
    places.set(clusters[row]!, place);
    return place;
  });
  const starts = new Uint32Array(places.size + 1);
  for (const block of blockOfRow) starts[block + 1]!++;
  for (let block = 0; block < places.size; block++) starts[block + 1]! += starts[block]!;
  const next = starts.slice();
  const sorted = new Uint32Array(rows.length);
  for (const [i, row] of rows.entries()) sorted[next[blockOfRow[i]!]!++] = row;
  return { rows: sorted, starts };
}

/** How often each row is in the sample that holds every one once. */
export function onceEach({ rows }: Blocks, allRows: number): Uint32Array {
  const weights = new Uint32Array(allRows);
  for (const row of rows) weights[row] = 1;
  return weights;
}

/** How often each row is in a sample of as many blocks as there are, drawn with replacement. */
export function drawWeights(blocks: Blocks, allRows: number, random: Random): Uint32Array {
  const weights = new Uint32Array(allRows);
  const { rows, starts } = blocks;
  const count = blockCount(blocks);
  for (let i = 0; i < count; i++) {
    const block = random.below(count);
    for (let place = starts[block]!; place < starts[block + 1]!; place++) weights[rows[place]!]!++;
  }
  return weights;
}
