// What a row of samples says, and how sure it is.

export function median(values) {
  if (values.length === 0) throw new Error("no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function pairedRatio(theirs, ours, random = Math.random) {
  if (theirs.length !== ours.length) throw new Error(`${theirs.length} samples against ${ours.length}`);
  const ratios = theirs.map((value, i) => value / ours[i]);
  return { median: median(ratios), ...bootstrapInterval(ratios, random) };
}

const resamples = 4000;

/** The percentile bootstrap: the middle 95 % of the medians of samples drawn from the sample, with replacement. */
function bootstrapInterval(values, random) {
  const draw = () => values[Math.floor(random() * values.length)];
  const medians = Array.from({ length: resamples }, () => median(values.map(draw))).sort((a, b) => a - b);
  return { low: medians[Math.floor(resamples * 0.025)], high: medians[Math.ceil(resamples * 0.975) - 1] };
}
