// An interval in one cell of a table.
import type { Interval } from "../evaluation/bootstrap.js";

/** A value with the interval around it, such as `0.8123 (0.7801 to 0.8410)`; a dash where it is not defined. */
export function intervalText(interval: Interval | null, digits = 4): string {
  if (interval === null) return "–";
  const { value, low, high } = interval;
  return `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
