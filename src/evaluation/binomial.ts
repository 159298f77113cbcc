// The binomial distribution, and the beta distribution that turns its counts into intervals.

/** Lanczos' coefficients for g = 7 (P. Godfrey, 2001): fifteen digits. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** The logarithm of the gamma function, for values from 1/2. */
export function logGamma(x: number): number {
  const z = x - 1;
  const t = z + 7.5;
  let sum: number = lanczos[0];
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (z + i);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The logarithm of the number of ways to choose `k` of `n`; -Infinity where there is none. */
export function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/** The share of a beta distribution below `x` (continued fraction by Lentz' method; Press et al., Numerical Recipes, 6.4). */
function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly below the mean; above it, the other tail is computed.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaBelow(1 - x, b, a);
  const logFront =
    a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b) - Math.log(a);
  const notZero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let fraction = 1;
  let c = 1;
  let d = 1 / notZero(1 - ((a + b) * x) / (a + 1));
  fraction = d;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / notZero(1 + even * d);
    c = notZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / notZero(1 + odd * d);
    c = notZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return Math.exp(logFront) * fraction;
}

/** The value below which a share of a beta distribution lies. */
function betaQuantile(share: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (betaBelow(middle, a, b) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The exact interval of a probability (Clopper and Pearson, Biometrika 26, 1934): it holds the probability at least as often
 * as it says, however few the trials.
 *
 * @param successes of `trials`; both may be fractions, of trials that are not independent
 */
export function exactInterval(
  successes: number,
  trials: number,
  confidence: number,
): [low: number, high: number] {
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return [
    successes <= 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    failures <= 0 ? 1 : betaQuantile(1 - tail, successes + 1, failures),
  ];
}

/** How many standard errors around an estimate hold a share of Student's distribution. */
export function studentQuantile(confidence: number, freedom: number): number {
  const outside = 1 - confidence;
  let [low, high] = [0, 1e4];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (betaBelow(freedom / (freedom + middle ** 2), freedom / 2, 0.5) > outside) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
