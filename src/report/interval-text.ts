// An interval in one cell of a table.
import type { Interval } from "../evaluation/bootstrap.js";

/**
 * A value with the interval around it, such as `0.8123 (0.7801 to 0.8410)`; a dash where it is not defined. A star marks what
 * rests on a label with fewer than ten positives; an average has no interval then.
 */
export function intervalText(interval: Interval | null, digits = 4): string {
  if (interval === null) return "–";
  const { value, low, high, fewPositives } = interval;
  const mark = fewPositives ? " *" : "";
  if (low === null || high === null) return `${value.toFixed(digits)}${mark}`;
  return `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})${mark}`;
}
