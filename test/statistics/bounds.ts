// How far a count may be from what it should be on average before a test says that something is wrong.

/**
 * The counts between which the number of successes of `trials` lies, all but once in ten thousand times, when each succeeds
 * with the probability `share`: a test within them fails for want of correctness, and hardly ever by chance.
 */
export function binomialBounds(trials: number, share: number, error = 1e-4): [low: number, high: number] {
  const tail = (from: number, step: 1 | -1) => {
    let sum = 0;
    let count = from;
    for (; count >= 0 && count <= trials; count += step) {
      sum += probability(trials, share, count);
      if (sum > error / 2) break;
    }
    return Math.min(trials, Math.max(0, count));
  };
  return [tail(0, 1), tail(trials, -1)];
}

function probability(trials: number, share: number, count: number): number {
  if (share === 0 || share === 1) return Number(count === trials * share);
  const choose = logFactorial(trials) - logFactorial(count) - logFactorial(trials - count);
  return Math.exp(choose + count * Math.log(share) + (trials - count) * Math.log1p(-share));
}

const logs = [0];

function logFactorial(n: number): number {
  for (let i = logs.length; i <= n; i++) logs.push(logs[i - 1]! + Math.log(i));
  return logs[n]!;
}

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard error of the mean. */
export function standardError(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
