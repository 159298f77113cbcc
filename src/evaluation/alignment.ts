// The same rows and labels of two runs, in the same order.

/**
 * Where each of the wanted labels stands among the found ones; `null` unless both are the same labels.
 */
export function matchLabels(wanted: readonly string[], found: readonly string[]): number[] | null {
  const columns = wanted.map((name) => found.indexOf(name));
  return columns.includes(-1) || columns.length !== found.length ? null : columns;
}

/**
 * For each row of one run the same row of the other, by digests of their texts; equal texts in their order. `undefined`
 * where the other has no such row.
 */
export function matchRows(one: readonly string[], other: readonly string[]): (number | undefined)[] {
  const places = new Map<string, number[]>();
  for (const [place, digest] of other.entries()) {
    const known = places.get(digest);
    if (known) known.push(place);
    else places.set(digest, [place]);
  }
  for (const known of places.values()) known.reverse();
  return one.map((digest) => places.get(digest)?.pop());
}

/**
 * Values `[rows * columns]` with rows and columns in another order.
 *
 * @param columns the column that comes first, second, ...
 * @param rows the same for rows; absent: as they are
 */
export function reorder(
  values: Float32Array,
  columns: readonly number[],
  rows?: readonly number[],
): Float32Array {
  const width = columns.length;
  const count = rows?.length ?? values.length / width;
  const reordered = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    const start = (rows?.[row] ?? row) * width;
    for (let i = 0; i < width; i++) reordered[row * width + i] = values[start + columns[i]!]!;
  }
  return reordered;
}
