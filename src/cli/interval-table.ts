// Confidence intervals on a terminal.
import type { Interval, Intervals } from "../evaluation/bootstrap.js";
import { figure, figureTitles, textTable } from "./text-table.js";

/** What the mark in {@link describeIntervals} means. */
const fewPositivesNote =
  "* rests on a label with fewer than ten positives: an average has no interval then, and that of the label's own F1 is exact but wide";

/** A table with a line for each figure and each label's F1. */
export function describeIntervals({ confidence, samples, clusters, figures, labels }: Intervals): string {
  const line = (name: string, interval: Interval | null) =>
    interval
      ? [
          `${name}${interval.fewPositives ? " *" : ""}`,
          figure(interval.value),
          figure(interval.low),
          figure(interval.high),
        ]
      : [name, "-", "-", "-"];
  const isAnyFew = [...Object.values(figures), ...labels].some((interval) => interval?.fewPositives);
  const drawn = `${samples} samples of ${clusters} rows or clusters of rows (of one text or group)`;
  const table = textTable([
    [`${100 * confidence}% intervals`, "value", "from", "to"],
    ...Object.entries(figureTitles).map(([name, title]) =>
      line(title, figures[name as keyof typeof figureTitles]),
    ),
    ...labels.map((label) => line(`F1 ${label.name}`, label)),
  ]);
  return [table, "", drawn, ...(isAnyFew ? [fewPositivesNote] : [])].join("\n");
}
