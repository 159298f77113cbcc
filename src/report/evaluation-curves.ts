// The curves of an evaluation: what other thresholds would give, and whether the scores are probabilities.
import type { EvaluationDetails, LabelCurves } from "../evaluation/details.js";
import type { Chart, Series } from "./chart.js";
import { type Content, html } from "./html.js";
import { decimal, figures } from "./parts.js";

/** Lines of one picture: more could not be told apart. */
const linesPerChart = 6;
/** Labels whose curves are drawn; the table has all. */
const mostCurves = 24;

/** Precision-recall and ROC curves of the most frequent labels. */
export async function curveContent({ labels, micro, metrics }: EvaluationDetails): Promise<Content[]> {
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

/** Reliability diagrams, and where the probabilities are. */
export async function calibrationContent({ micro, labels, metrics }: EvaluationDetails): Promise<Content[]> {
  const reliability = (
    panel: readonly Pick<LabelCurves, "name" | "reliability">[],
    counted: string,
  ): Chart => ({
    kind: "lines",
    title: "Reliability",
    x: { title: "mean probability", range: [0, 1] },
    y: { title: "share that is positive", range: [0, 1] },
    diagonal: true,
    counted,
    series: panel.map(({ name, reliability }) => ({
      name,
      points: reliability.flatMap(({ meanProbability, positiveShare, count }) =>
        meanProbability === null || positiveShare === null
          ? []
          : [{ x: meanProbability, y: positiveShare, count }],
      ),
    })),
  });
  const panels = panelsOf(
    labels,
    metrics.labels.map(({ support }) => support),
  );
  const pooled = `Calibration error ${decimal(metrics.calibrationError, 4)}; perfectly calibrated probabilities would have ${decimal(metrics.chanceCalibrationError, 4)} on as many.`;
  return [
    await figures([
      [
        reliability([{ name: "all labels", reliability: micro.reliability }], "rows and labels"),
        `On the dotted line, of the texts that get 0.7 seven in ten have the label. Beside each point, what it is a mean of: few are off the line by chance. ${pooled}`,
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
      ...panels.map((panel): [Chart, string] => [
        reliability(panel, "rows"),
        "Each label by itself; the larger a point, the more rows.",
      ]),
    ]),
  ];
}

/** What every threshold would give. */
export async function thresholdContent({ micro, labels, metrics }: EvaluationDetails): Promise<Content[]> {
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
