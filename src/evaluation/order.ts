// Large lists in order. A comparison of two elements is a call of a function, and a million elements take twenty million.

/** Values of about this many elements are put in order by comparing them. */
const perBucket = 8;

/**
 * The places of values from 0 to 1, the largest first; equal ones in the order of their places.
 *
 * Values are thrown into buckets, so that only neighbours are left to compare.
 */
export function largestFirst(values: Float64Array): Uint32Array {
  const buckets = Math.ceil(values.length / perBucket) + 1;
  const bucketOf = (value: number) => Math.floor((1 - value) * (buckets - 1));
  const ends = new Uint32Array(buckets + 1);
  for (const value of values) ends[bucketOf(value) + 1]!++;
  for (let bucket = 0; bucket < buckets; bucket++) ends[bucket + 1]! += ends[bucket]!;
  const starts = ends.slice();
  const order = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) order[starts[bucketOf(values[i]!)]!++] = i;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (ends[bucket + 1]! - ends[bucket]! < 2) continue;
    order.subarray(ends[bucket]!, ends[bucket + 1]!).sort((a, b) => values[b]! - values[a]! || a - b);
  }
  return order;
}
