// Whether a precision costs quality.

/** The most that micro-F1 may fall, over all seeds. */
const limit = 0.002;

/** Student's t: 97.5 % of the values are below this, by degrees of freedom. */
const student = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

/** The change of each column from fp32: mean over the seeds, and its 95 % interval. Columns without figures are left out. */
export function judge(rows) {
  const names = Object.keys(rows[0]).filter((name) => name !== "fp32" && rows[0][name] !== null);
  return names.map((name) => {
    const changes = rows.map((row) => row[name] - row.fp32);
    const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
    if (changes.length === 1)
      return { name, mean, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    const variance = changes.reduce((sum, change) => sum + (change - mean) ** 2, 0) / (changes.length - 1);
    const quantile = student[Math.min(changes.length - 2, student.length - 1)];
    const reach = quantile * Math.sqrt(variance / changes.length);
    return { name, mean, low: mean - reach, high: mean + reach };
  });
}

/** `worse` when it falls by more than the limit and the seeds alone do not explain that. */
export function verdictOf({ mean, high }) {
  if (mean >= -limit) return `within ${limit}`;
  return high < 0 ? "worse" : "not beyond the seeds";
}
