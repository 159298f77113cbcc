/**
 * The mean of one value or more.
 *
 * Summed in NumPy's order, so that an average on the edge between two printed digits falls on scikit-learn's side.
 */
export function mean(values: Float64Array): number {
  return pairwiseSum(values) / values.length;
}

/** The mean of `values` weighted by `weights`, 0 when they weigh nothing. Summed in NumPy's order. */
export function weightedMean(values: Float64Array, weights: Float64Array): number {
  const total = pairwiseSum(weights);
  return total === 0 ? 0 : pairwiseSum(values.map((value, i) => value * weights[i]!)) / total;
}

/** NumPy's summation: halves down to blocks of at most 128 values, eight running sums in each. */
function pairwiseSum(values: Float64Array): number {
  if (values.length > 128) {
    const half = Math.floor(values.length / 16) * 8;
    return pairwiseSum(values.subarray(0, half)) + pairwiseSum(values.subarray(half));
  }
  const inEights = values.length - (values.length % 8);
  let sum = inEights > 0 ? sumInEights(values.subarray(0, inEights)) : 0;
  for (let i = inEights; i < values.length; i++) sum += values[i]!;
  return sum;
}

function sumInEights(values: Float64Array): number {
  const sums = values.slice(0, 8);
  for (let i = 8; i < values.length; i++) sums[i % 8]! += values[i]!;
  const pair = (i: number) => sums[i]! + sums[i + 1]!;
  return pair(0) + pair(2) + (pair(4) + pair(6));
}
