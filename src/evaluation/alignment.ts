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
 * Some columns of values `[rows * width]`, and some rows of them, in the order that is asked for.
 *
 * @param columns the column that comes first, second, ...
 * @param rows the same for rows; absent: all, as they are
 */
export function selectCells(
  values: Float32Array,
  width: number,
  columns: readonly number[],
  rows?: readonly number[],
): Float32Array {
  const count = rows?.length ?? values.length / width;
  const selected = new Float32Array(count * columns.length);
  for (let row = 0; row < count; row++) {
    const from = (rows?.[row] ?? row) * width;
    const to = row * columns.length;
    for (const [i, column] of columns.entries()) selected[to + i] = values[from + column]!;
  }
  return selected;
}
