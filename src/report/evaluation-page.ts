// What an evaluation found: figures, curves, tables, mistakes.
import type { EvaluationDetails, LabelCurves } from "../evaluation/details.js";
import type { Example } from "../evaluation/examples.js";
import type { Mistake } from "../evaluation/mistakes.js";
import type { Chart, Series } from "./chart.js";
import { type Content, html } from "./html.js";
import { renderPage, type Section } from "./page.js";
import { count, decimal, figures, table, tiles } from "./parts.js";

/** A row that the model decided wrongly, with its text. */
export interface ShownMistake extends Mistake {
  /** Where the row stands, such as `line 12`. */
  readonly place: string;
  /** The text of the row; a long one is cut. */
  readonly text: string;
}

/** A row that the model decided rightly, with its text. */
export interface ShownExample extends Example {
  /** Where the row stands, such as `line 12`. */
  readonly place: string;
  /** The text of the row; a long one is cut. */
  readonly text: string;
}

/** Everything that a page about an evaluation shows. */
export interface EvaluationReport extends ShownRows {
  /** The model, as it was named. */
  readonly model: string;
  /** The table of the rows. */
  readonly data: string;
  /** What {@link evaluationDetails} found. */
  readonly details: EvaluationDetails;
}

/** Rows to show as they are. */
export interface ShownRows {
  /** Rows decided wrongly, worst first. */
  readonly mistakes: readonly ShownMistake[];
  /** Rows decided rightly, such as {@link surestExamples} finds. */
  readonly examples?: readonly ShownExample[];
}

/** Lines of one picture: more could not be told apart. */
const linesPerChart = 6;
/** Labels whose curves are drawn; the table has all. */
const mostCurves = 24;
/** Labels that get a bar. */
const mostBars = 40;
const shownCharacters = 400;

/** A page about an evaluation, drawn here and now. */
export async function drawEvaluationPage(report: EvaluationReport): Promise<string> {
  return renderPage({
    title: "Evaluation",
    subtitle: `${report.model} on ${report.data}, ${count(report.details.metrics.rows)} rows`,
    sections: await evaluationSections(report.details, report),
  });
}

/** The sections about an evaluation, for pages that show more. */
export async function evaluationSections(
  details: EvaluationDetails,
  { mistakes, examples = [] }: ShownRows,
): Promise<Section[]> {
  return [
    { title: "Figures", content: [figuresOf(details)] },
    { title: "Labels", content: await labelContent(details) },
    { title: "Curves", content: await curveContent(details) },
    { title: "Are the scores probabilities?", content: await calibrationContent(details) },
    { title: "Thresholds", content: await thresholdContent(details) },
    { title: "Labels that meet, and labels that are mistaken", content: await pairContent(details) },
    { title: "Worst mistakes", content: mistakeContent(mistakes) },
    { title: "What it is sure of, rightly", content: exampleContent(examples) },
  ];
}

function figuresOf({ metrics }: EvaluationDetails): Content {
  return tiles([
    ["micro-F1", decimal(metrics.micro.f1)],
    ["macro-F1", decimal(metrics.macro.f1)],
    ["subset accuracy", decimal(metrics.subsetAccuracy)],
    ["Hamming loss", decimal(metrics.hammingLoss)],
    ["macro ROC AUC", decimal(metrics.macro.rocAuc)],
    ["macro average precision", decimal(metrics.macro.averagePrecision)],
    ["loss", decimal(metrics.loss, 4)],
    ["Brier score", decimal(metrics.brierScore, 4)],
    ["calibration error", decimal(metrics.calibrationError, 4)],
    ["rows", count(metrics.rows)],
  ]);
}

async function labelContent({ metrics, labels }: EvaluationDetails): Promise<Content[]> {
  const titles = [
    "label",
    "support",
    "precision",
    "recall",
    "F1",
    "average precision",
    "ROC AUC",
    "threshold",
  ];
  const rows = metrics.labels.map((label, i) => [
    label.name,
    count(label.support),
    decimal(label.precision),
    decimal(label.recall),
    decimal(label.f1),
    decimal(label.averagePrecision),
    decimal(label.rocAuc),
    decimal(labels[i]?.threshold),
  ]);
  const averages = (["micro", "macro", "weighted", "samples"] as const).map((name) => {
    const { precision, recall, f1, averagePrecision, rocAuc } = metrics[name];
    const figures = [precision, recall, f1, averagePrecision, rocAuc].map((value) => decimal(value));
    return [`${name} average`, "", ...figures, ""];
  });
  const shown = [...metrics.labels].sort((a, b) => b.support - a.support).slice(0, mostBars);
  const charts: [Chart, string][] = [
    [
      {
        kind: "bars",
        title: "F1 of each label",
        x: { title: "F1", range: [0, 1] },
        parts: ["F1"],
        bars: shown.map(({ name, f1 }) => ({ name, values: [f1] })),
      },
      `The most frequent label first${some(shown.length, metrics.labels.length)}.`,
    ],
    [
      {
        kind: "bars",
        title: "How the decisions came out",
        x: { title: "rows" },
        parts: ["found", "missed", "wrongly given"],
        bars: shown.map(({ name, truePositives, falseNegatives, falsePositives }) => ({
          name,
          values: [truePositives, falseNegatives, falsePositives],
        })),
      },
      "Found and missed add up to the rows that have the label.",
    ],
  ];
  return [
    table(
      "Metrics of each label",
      titles.map((title) => ({ title })),
      [...rows, ...averages],
    ),
    await figures(charts),
  ];
}

async function curveContent({ labels, micro, metrics }: EvaluationDetails): Promise<Content[]> {
  const all = { name: "all labels", curve: micro.curve };
  const panels = panelsOf(
    labels,
    metrics.labels.map(({ support }) => support),
  );
  const charts = panels.flatMap((panel): [Chart, string][] => {
    const shown = [...panel, all];
    return [
      [
        {
          kind: "lines",
          title: "Precision and recall",
          x: { title: "recall", range: [0, 1] },
          y: { title: "precision", range: [0, 1] },
          series: shown.map(({ name, curve }) =>
            lineOf(
              name,
              curve.map(({ recall, precision }) => [recall, precision]),
            ),
          ),
        },
        "One point for each threshold; the closer to the upper right corner, the better.",
      ],
      [
        {
          kind: "lines",
          title: "ROC",
          x: { title: "false positive rate", range: [0, 1] },
          y: { title: "true positive rate", range: [0, 1] },
          diagonal: true,
          series: shown.map(({ name, curve }) =>
            lineOf(
              name,
              curve.map(({ falsePositiveRate, recall }) => [falsePositiveRate, recall]),
            ),
          ),
        },
        "The dotted line is what guessing gives.",
      ],
    ];
  });
  return [note(labels.length), await figures(charts)];
}

async function calibrationContent({ micro, labels, metrics }: EvaluationDetails): Promise<Content[]> {
  const reliability = (panel: readonly Pick<LabelCurves, "name" | "reliability">[]): Chart => ({
    kind: "lines",
    title: "Reliability",
    x: { title: "mean probability", range: [0, 1] },
    y: { title: "share that is positive", range: [0, 1] },
    diagonal: true,
    series: panel.map(({ name, reliability }) =>
      lineOf(
        name,
        reliability.flatMap(({ meanProbability, positiveShare }) =>
          meanProbability === null || positiveShare === null ? [] : [[meanProbability, positiveShare]],
        ),
      ),
    ),
  });
  const panels = panelsOf(
    labels,
    metrics.labels.map(({ support }) => support),
  );
  return [
    await figures([
      [
        reliability([{ name: "all labels", reliability: micro.reliability }]),
        "On the dotted line, of the texts that get 0.7 seven in ten have the label.",
      ],
      [
        {
          kind: "histogram",
          title: "Where the probabilities lie",
          x: { title: "probability", range: [0, 1] },
          y: { title: "rows and labels" },
          bins: micro.reliability.map(({ from, to, count }) => ({ from, to, value: count })),
        },
        "All labels together.",
      ],
      ...panels.map((panel): [Chart, string] => [reliability(panel), "Each label by itself."]),
    ]),
  ];
}

async function thresholdContent({ micro, labels, metrics }: EvaluationDetails): Promise<Content[]> {
  const points = micro.thresholdCurve;
  const axis = { title: "threshold", range: [0, 1] } as const;
  const charts: [Chart, string][] = [
    [
      {
        kind: "lines",
        title: "One threshold for all labels",
        x: axis,
        y: { title: "precision, recall, F1", range: [0, 1] },
        series: (["precision", "recall", "f1"] as const).map((figure) =>
          lineOf(
            figure === "f1" ? "F1" : figure,
            points.map((point) => [point.threshold, point[figure]]),
          ),
        ),
      },
      "Over all rows and labels at once.",
    ],
    ...panelsOf(
      labels,
      metrics.labels.map(({ support }) => support),
    ).map((panel): [Chart, string] => [
      {
        kind: "lines",
        title: "A threshold for each label",
        x: axis,
        y: { title: "F1", range: [0, 1] },
        series: panel.map(({ name, thresholdCurve }) =>
          lineOf(
            name,
            thresholdCurve.map(({ threshold, f1 }) => [threshold, f1]),
          ),
        ),
      },
      `In use: ${panel.map(({ name, threshold }) => `${name} ${decimal(threshold)}`).join(", ")}.`,
    ]),
  ];
  return [await figures(charts)];
}

async function pairContent({ pairs, metrics }: EvaluationDetails): Promise<Content[]> {
  const { labels: names, together, mistakenFor } = pairs;
  const wide = names.length > 8;
  return [
    names.length < metrics.labels.length &&
      html`<p>The ${names.length} most frequent of ${metrics.labels.length} labels.</p>`,
    await figures([
      [
        {
          kind: "heat",
          title: "Labels that are set together",
          wide,
          rows: { title: "label", names },
          columns: { title: "label", names },
          values: together,
        },
        "Rows in which both labels are truly set; on the diagonal, all rows of the label.",
      ],
      [
        {
          kind: "heat",
          title: "Labels that are taken for others",
          wide,
          rows: { title: "missed", names },
          columns: { title: "wrongly given", names },
          values: mistakenFor.map((row, i) => row.map((value, j) => (i === j ? null : value))),
        },
        "Rows in which one label was missed and the other was given wrongly.",
      ],
    ]),
  ];
}

function mistakeContent(mistakes: readonly ShownMistake[]): Content[] {
  if (mistakes.length === 0) return [html`<p>No row was decided wrongly.</p>`];
  const rows = mistakes.map(({ place, label, probability, truth, text }) => [
    place,
    label,
    decimal(probability),
    String(truth),
    shortened(text),
  ]);
  const columns = [
    { title: "row" },
    { title: "label" },
    { title: "predicted" },
    { title: "true" },
    { title: "text", words: true },
  ];
  return [table("Worst mistakes", columns, rows)];
}

function exampleContent(examples: readonly ShownExample[]): Content[] {
  if (examples.length === 0) return [];
  const rows = examples.map(({ place, labels, text }) => [
    place,
    labels.map(({ name, probability }) => `${name} ${decimal(probability)}`).join(", "),
    shortened(text),
  ]);
  const columns = [{ title: "row" }, { title: "labels", words: true }, { title: "text", words: true }];
  return [
    html`<p>Rows whose labels were all decided rightly: of each label in its turn, the one that it was given most surely.</p>`,
    table("Right decisions", columns, rows),
  ];
}

function shortened(text: string): string {
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

function lineOf(name: string, points: readonly (readonly number[])[]): Series {
  return { name, points: points.map(([x, y]) => ({ x: x!, y: y! })) };
}

/** Labels in groups that fit into one picture, the most frequent first. */
function panelsOf(labels: readonly LabelCurves[], supports: readonly number[]): LabelCurves[][] {
  const order = [...labels.keys()].sort((a, b) => supports[b]! - supports[a]! || a - b).slice(0, mostCurves);
  const panels: LabelCurves[][] = [];
  for (let i = 0; i < order.length; i += linesPerChart) {
    panels.push(order.slice(i, i + linesPerChart).map((label) => labels[label]!));
  }
  return panels;
}

function note(labels: number): Content {
  if (labels <= mostCurves) return null;
  return html`<p>The ${mostCurves} most frequent of ${labels} labels; the table above has all.</p>`;
}

function some(shown: number, all: number): string {
  return shown < all ? `, ${shown} of ${all}` : "";
}
