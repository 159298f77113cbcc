// What `tagformer compare` prints.
import type { ComparedFigure, Comparison } from "../evaluation/compare.js";
import { figure, figureTitles, textTable } from "./text-table.js";

/** Tables of the figures and of each label's F1, and what the p-values mean. */
export function describeComparison(
  comparison: Comparison,
  first: string,
  second: string,
  source: string,
): string {
  const { rows, clusters, samples, confidence, figures, labels } = comparison;
  const line = (name: string, compared: ComparedFigure | null) => {
    if (!compared) return [name, "-", "-", "-", "-", "-"];
    const { difference, low, high, p, fewPositives } = compared;
    return [
      `${name}${fewPositives ? " *" : ""}`,
      figure(compared.first),
      figure(compared.second),
      signed(difference),
      low === null || high === null ? "-" : `${signed(low)} to ${signed(high)}`,
      p === null ? "-" : p.toFixed(4),
    ];
  };
  const titles = ["first", "second", "difference", `${100 * confidence}% interval`, "p"];
  const isAnyFew = [...Object.values(figures), ...labels].some((compared) => compared?.fewPositives);
  const inClusters = clusters < rows ? ` (${clusters} texts or groups, each drawn as one)` : "";
  const tests = Object.values(figures).filter((compared) => compared !== null && compared.p !== null).length;
  return [
    `first:  ${first}`,
    `second: ${second}`,
    `${rows} rows of ${source}${inClusters}; ${samples} samples`,
    "",
    textTable([
      ["", ...titles],
      ...Object.entries(figureTitles).map(([name, title]) =>
        line(title, figures[name as keyof typeof figureTitles]),
      ),
    ]),
    "",
    textTable([["F1", ...titles], ...labels.map((label) => line(label.name, label))]),
    "",
    ...(isAnyFew ? [fewPositivesNote] : []),
    "p: how often a difference at least as large comes out when the runs' decisions are exchanged at random, row by row. A small p says that the runs do not decide alike, which is more than that a figure differs: runs with the same F1 may err in different ways.",
    `The ${tests} figures above the labels are ${tests} tests, not corrected for their number: with runs that are equal, one of them falls below 0.05 more often than in one comparison of twenty. Those of labels are corrected (Holm).`,
    "Neither p nor interval covers another seed: to compare two recipes, train each with several.",
  ].join("\n");
}

const fewPositivesNote =
  "* rests on a label with fewer than ten positives: the difference says little, and has no interval";

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}
