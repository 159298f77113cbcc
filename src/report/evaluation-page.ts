// What an evaluation found: figures, curves, tables, mistakes.
import { count, counted } from "../base/counted.js";
import { describeConvention } from "../evaluation/conventions.js";
import type { EvaluationDetails } from "../evaluation/details.js";
import type { Example } from "../evaluation/examples.js";
import type { Mistake } from "../evaluation/mistakes.js";
import type { Chart } from "./chart.js";
import { calibrationContent, curveContent, thresholdContent } from "./evaluation-curves.js";
import { type Content, html } from "./html.js";
import { renderPage, type Section } from "./page.js";
import { decimal, figures, table, tiles } from "./parts.js";

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

/** Rows to show as they are, and what to know about all of them. */
export interface ShownRows {
  /** Sentences that stand before the figures, such as that the rows were trained on. */
  readonly notes?: readonly string[];
  /** Rows decided wrongly, worst first. */
  readonly mistakes: readonly ShownMistake[];
  /** Rows decided rightly, such as {@link surestExamples} finds. */
  readonly examples?: readonly ShownExample[];
}

/** Labels that get a bar. */
const mostBars = 40;
const shownCharacters = 400;

/** A page about an evaluation, drawn here and now. */
export async function drawEvaluationPage(report: EvaluationReport): Promise<string> {
  return renderPage({
    title: "Evaluation",
    subtitle: `${report.model} on ${report.data}, ${counted(report.details.metrics.rows, "row")}`,
    sections: await evaluationSections(report.details, report),
  });
}

/** The sections about an evaluation, for pages that show more. */
export async function evaluationSections(
  details: EvaluationDetails,
  { notes = [], mistakes, examples = [] }: ShownRows,
): Promise<Section[]> {
  return [
    {
      title: "Figures",
      content: [
        ...notes.map((note) => html`<p>${note}</p>`),
        figuresOf(details),
        conventionsOf(details.metrics.conventions),
      ],
    },
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
    ...(metrics.hierarchical ? [["hierarchical F1", decimal(metrics.hierarchical.f1)] as const] : []),
    ["subset accuracy", decimal(metrics.subsetAccuracy)],
    ["Hamming loss", decimal(metrics.hammingLoss)],
    ["macro ROC AUC", decimal(metrics.macro.rocAuc)],
    ["macro average precision", decimal(metrics.macro.averagePrecision)],
    ["cross-entropy", decimal(metrics.loss, 4)],
    ["Brier score", decimal(metrics.brierScore, 4)],
    ["calibration error", decimal(metrics.calibrationError, 4)],
    ["calibration error by chance", decimal(metrics.chanceCalibrationError, 4)],
    ["rows", count(metrics.rows)],
  ]);
}

/** The figures that are a division by zero for some labels or rows, to be opened. */
function conventionsOf(conventions: EvaluationDetails["metrics"]["conventions"]): Content {
  if (conventions.length === 0) return null;
  const items = conventions.map((convention) => html`<li>${describeConvention(convention)}</li>`);
  return html`<details><summary>Figures that rest on a convention: ${conventions.length}</summary><ul>${items}</ul></details>`;
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
    "calibration error",
    "by chance",
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
    decimal(label.calibrationError),
    decimal(label.chanceCalibrationError),
    decimal(labels[i]?.threshold),
  ]);
  const averages = (["micro", "macro", "weighted", "samples"] as const).map((name) => {
    const { precision, recall, f1, averagePrecision, rocAuc } = metrics[name];
    const figures = [precision, recall, f1, averagePrecision, rocAuc].map((value) => decimal(value));
    return [`${name} average`, "", ...figures, "", "", ""];
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

function some(shown: number, all: number): string {
  return shown < all ? `, ${shown} of ${all}` : "";
}
