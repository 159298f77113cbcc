// What a table of labelled texts holds: pictures for `tagformer inspect`, and for the report of a run.
import { count, counted } from "../base/counted.js";
import { formatFindings } from "../data/check.js";
import type { Inspection } from "../data/inspection.js";
import type { LengthStatistics } from "../data/length-statistics.js";
import type { Chart } from "./chart.js";
import { type Content, html } from "./html.js";
import { renderPage, type Section } from "./page.js";
import { decimal, figures, table, tiles } from "./parts.js";

const mostBars = 40;
const mostPairs = 50;

/** A page about a table, drawn here and now. */
export async function drawInspectionPage(inspection: Inspection): Promise<string> {
  const [, ...warnings] = formatFindings({ ...inspection, labels: [] });
  return renderPage({
    title: "What the data holds",
    subtitle: `${inspection.source}, ${counted(inspection.rows, "row")}`,
    sections: [
      { title: "Figures", content: [figuresOf(inspection), findings(warnings)] },
      ...(await inspectionSections(inspection)),
    ],
  });
}

/** The sections about the data, for pages that show more. */
export async function inspectionSections(inspection: Inspection): Promise<Section[]> {
  return [
    { title: "How often each label is set", content: await labelContent(inspection) },
    { title: "Labels of the data that meet", content: await pairContent(inspection) },
    { title: "How long the texts are", content: await lengthContent(inspection) },
  ];
}

function figuresOf(found: Inspection): Content {
  return tiles([
    ["rows", count(found.rows)],
    ["labels", count(found.labels.length)],
    ["labels a row", decimal(found.labelsPerRow, 2)],
    ["rows without labels", count(found.rowsWithoutLabels)],
    ["label combinations", count(found.combinations.distinct)],
    ["of them once", count(found.combinations.once)],
    ["repeated texts", count(found.duplicateTexts)],
    ["empty texts", count(found.emptyTexts)],
  ]);
}

function findings(warnings: readonly string[]): Content {
  return warnings.length > 0 && html`<ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`;
}

async function labelContent({ labels }: Inspection): Promise<Content[]> {
  const byPositives = [...labels].sort((a, b) => b.positives - a.positives);
  const shown = byPositives.slice(0, mostBars);
  const charts: [Chart, string][] = [
    [
      {
        kind: "bars",
        title: "Rows of each label",
        x: { title: "rows" },
        parts: ["set"],
        bars: shown.map(({ name, positives }) => ({ name, values: [positives] })),
      },
      shown.length < labels.length
        ? `The ${shown.length} most frequent of ${labels.length} labels.`
        : "The most frequent label first.",
    ],
  ];
  const titles = ["label", "set", "not set", "missing", "share", "not set for each set"];
  const rows = labels.map(({ name, positives, negatives, missing, share, negativesPerPositive }) => [
    name,
    count(positives),
    count(negatives),
    count(missing),
    share === null ? "–" : `${(100 * share).toFixed(2)} %`,
    decimal(negativesPerPositive, 1),
  ]);
  return [
    await figures(charts),
    table(
      "How often each label is set",
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
}

async function pairContent({ labels, cooccurrence, combinations }: Inspection): Promise<Content[]> {
  const order = [...labels.keys()].sort((a, b) => labels[b]!.positives - labels[a]!.positives);
  const shown = order.slice(0, mostPairs).sort((a, b) => a - b);
  const names = shown.map((label) => labels[label]!.name);
  const values = shown.map((row) => shown.map((column) => cooccurrence[row]![column]!));
  const rows = combinations.frequent.map(({ labels: set, missing, rows: number }) => {
    const name = [...set, ...missing.map((label) => `${label} missing`)].join(", ");
    return [name || "(none)", count(number)];
  });
  return [
    await figures([
      [
        {
          kind: "heat",
          title: "Rows in which two labels are set",
          wide: names.length > 8,
          rows: { title: "label", names },
          columns: { title: "label", names },
          values,
        },
        "On the diagonal, all rows of the label.",
      ],
    ]),
    table("The most frequent combinations", [{ title: "labels together" }, { title: "rows" }], rows),
  ];
}

async function lengthContent({ words, characters, tokens }: Inspection): Promise<Content[]> {
  const kinds: [string, LengthStatistics][] = [
    ["words", words],
    ["characters", characters],
    ...(tokens ? ([["tokens", tokens]] as [string, LengthStatistics][]) : []),
  ];
  const charts = kinds.map(([unit, { histogram }]): [Chart, string] => [
    {
      kind: "histogram",
      title: `Lengths in ${unit}`,
      x: { title: unit },
      y: { title: "rows" },
      // The last range reaches to the longest text; drawn so wide, it would leave no room for the others.
      bins: histogram.map(({ from, to, rows }, i) => {
        const width = histogram.length > 1 ? histogram[1]!.from - histogram[0]!.from : to + 1 - from;
        return { from, to: i === histogram.length - 1 ? from + width : to + 1, value: rows };
      }),
    },
    "The last bar holds all longer texts.",
  ]);
  const shares = words.quantiles.map(({ share }) => `${100 * share} %`);
  const titles = ["", "mean", "deviation", "shortest", ...shares, "longest"];
  const rows = kinds.map(([unit, { mean, deviation, least, most, quantiles }]) => [
    unit,
    decimal(mean, 1),
    decimal(deviation, 1),
    count(least),
    ...quantiles.map(({ length }) => count(Math.round(length))),
    count(most),
  ]);
  const cuts = tokens?.cuts.map(({ maxLength, rows: cut, share, tokenShare }) => [
    count(maxLength),
    count(cut),
    `${(100 * share).toFixed(2)} %`,
    `${(100 * tokenShare).toFixed(2)} %`,
  ]);
  return [
    await figures(charts),
    table(
      "Lengths",
      titles.map((title) => ({ title })),
      rows,
    ),
    cuts &&
      table(
        "What a limit costs",
        ["longest text in tokens", "rows that are cut", "of all rows", "tokens that are cut"].map(
          (title) => ({
            title,
          }),
        ),
        cuts,
      ),
  ];
}
