// A page about a search: the configurations, and which options mattered.
import { count } from "../base/counted.js";
import type { Chart } from "./chart.js";
import { metricNames } from "./choices.js";
import { html } from "./html.js";
import { renderPage } from "./page.js";
import { decimal, figures, table } from "./parts.js";

/** What the page shows. */
export interface SearchReport {
  /** Where the rows came from. */
  readonly data: string;
  /** Configurations, the best first, with their means over seeds. */
  readonly rows: readonly {
    readonly values: Readonly<Record<string, unknown>>;
    readonly trainings: number;
    readonly averagePrecision: number;
    readonly microF1: number;
    readonly loss: number;
  }[];
  /** The share of the differences between trainings that each option explains. */
  readonly importances: Readonly<Record<string, number>>;
  readonly trainings: number;
  /** The command of the best configuration; `null` where none came to its end. */
  readonly command: string | null;
}

/** The page, one HTML file without scripts. */
export async function searchPage({
  data,
  rows,
  importances,
  trainings,
  command,
}: SearchReport): Promise<string> {
  const options = Object.keys(rows[0]?.values ?? {});
  const columns = [...options, "seeds", metricNames.microAveragePrecision, "micro-F1", "loss"];
  return renderPage({
    title: "Search report",
    subtitle: `${count(trainings)} trainings on ${data}`,
    sections: [
      ...(command === null
        ? []
        : [{ title: "The best configuration", content: [html`<p><code>${command}</code></p>`] }]),
      { title: "What mattered", content: await importanceContent(importances) },
      {
        title: "Configurations",
        content: [
          table(
            "Configurations, the best first",
            columns.map((title) => ({ title })),
            rows.map(({ values, trainings: seeds, averagePrecision, microF1, loss }) => [
              ...options.map((option) => String(values[option])),
              String(seeds),
              ...[averagePrecision, microF1, loss].map((value) => decimal(value, 4)),
            ]),
          ),
        ],
      },
    ],
  });
}

async function importanceContent(importances: SearchReport["importances"]) {
  const bars = Object.entries(importances)
    .sort(([, a], [, b]) => b - a)
    .map(([name, share]) => ({ name, values: [share] }));
  if (bars.length === 0) return [];
  const chart: Chart = {
    kind: "bars",
    title: "Share of the differences that an option explains",
    x: { title: "share", range: [0, 1] },
    parts: ["share"],
    bars,
  };
  return [
    await figures([
      [chart, "Of trainings of the same length. With few of them chance gives every option a share."],
    ]),
  ];
}
