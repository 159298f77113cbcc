// Confidence intervals on a terminal.
import type { Interval, Intervals } from "../evaluation/bootstrap.js";
import { figure, figureTitles, textTable } from "./text-table.js";

/** A table with a line for each figure and each label's F1. */
export function describeIntervals({ confidence, samples, figures, labels }: Intervals): string {
  const line = (name: string, interval: Interval | null) =>
    interval
      ? [name, figure(interval.value), figure(interval.low), figure(interval.high)]
      : [name, "-", "-", "-"];
  return textTable([
    [`${100 * confidence}% intervals`, "value", "from", "to"],
    ...Object.entries(figureTitles).map(([name, title]) =>
      line(title, figures[name as keyof typeof figureTitles]),
    ),
    ...labels.map((label) => line(`F1 ${label.name}`, label)),
    [`(${samples} samples)`, "", "", ""],
  ]);
}
