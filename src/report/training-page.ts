// The report of a training run: how it went, epoch by epoch, and what the kept model does on the rows held back.
import type { EvaluationDetails } from "../evaluation/details.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Chart, Series } from "./chart.js";
import { evaluationSections, type ShownRows } from "./evaluation-page.js";
import type { Content } from "./html.js";
import { renderPage, type Section } from "./page.js";
import { count, decimal, figures, table, tiles } from "./parts.js";

/** One optimizer step, for the curves. */
interface StepFigures {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
}

/** One epoch. */
interface EpochFigures {
  readonly epoch: number;
  readonly trainingLoss: number;
  readonly validation?: Evaluation;
  readonly best: boolean;
  readonly kept: boolean;
  readonly seconds: number;
}

/** Everything that the report of a run shows. */
export interface RunReport {
  /** Where the model lies. */
  readonly model: string;
  /** Where the rows came from. */
  readonly data: string;
  readonly trainingRows: number;
  readonly validationRows: number;
  /** Number of weights. */
  readonly parameters: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: readonly StepFigures[];
  readonly epochs: readonly EpochFigures[];
  /** Of the best epoch, on the validation rows; absent when there are none. */
  readonly validation?: (ShownRows & { readonly details: EvaluationDetails }) | undefined;
  /** Sections about the data. */
  readonly dataSections: readonly Section[];
}

/** Points of a curve over the steps; the steps between are averaged. */
const mostPoints = 200;

/** The page about a run, drawn here and now. */
export async function drawTrainingPage(report: RunReport): Promise<string> {
  const { epochs, validation } = report;
  const best = epochs.findLast((epoch) => epoch.kept);
  const sections = validation ? await evaluationSections(validation.details, validation) : [];
  const about = best ? `, epoch ${best.epoch} on the validation rows` : "";
  return renderPage({
    title: "Training report",
    subtitle: `${report.model}, trained on ${report.data}`,
    sections: [
      { title: "The run", content: [summary(report, best)] },
      { title: "Learning curves", content: await learningContent(report) },
      { title: "Epochs", content: epochs.length > 0 ? [epochTable(epochs)] : [] },
      ...sections.map(({ title, content }, i) => ({ title: i === 0 ? `${title}${about}` : title, content })),
      ...report.dataSections,
      { title: "Options", content: [optionTable(report.options)] },
    ],
  });
}

function summary(report: RunReport, best: EpochFigures | undefined): Content {
  const seconds = report.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return tiles([
    ["rows to train on", count(report.trainingRows)],
    ["rows to validate on", count(report.validationRows)],
    ["million weights", decimal(report.parameters / 1e6, 1)],
    ["steps", count(report.steps.at(-1)?.step ?? 0)],
    ["epochs", count(report.epochs.length)],
    ["best epoch", best ? String(best.epoch) : "–"],
    ["minutes", decimal(seconds / 60, 1)],
  ]);
}

async function learningContent({ steps, epochs }: RunReport): Promise<Content[]> {
  if (steps.length === 0) return [];
  const evaluated = epochs.flatMap(({ epoch, validation }) => (validation ? [{ epoch, validation }] : []));
  const x = { title: "epoch", range: [1, Math.max(2, epochs.length)], whole: true } as const;
  const over = (name: string, value: (validation: Evaluation) => number | null): Series => ({
    name,
    points: evaluated.flatMap(({ epoch, validation }) => {
      const y = value(validation);
      return y === null ? [] : [{ x: epoch, y }];
    }),
  });
  const charts: [Chart, string][] = [
    [
      {
        kind: "lines",
        title: "Loss",
        x,
        y: { title: "mean loss" },
        series: [
          {
            name: "training",
            points: epochs.map(({ epoch, trainingLoss }) => ({ x: epoch, y: trainingLoss })),
          },
          over("validation", ({ loss }) => loss),
        ],
      },
      "Where the validation loss rises while the training loss falls, the model learns its rows by heart.",
    ],
    [
      {
        kind: "lines",
        title: "Metrics on the validation rows",
        x,
        y: { title: "metric", range: [0, 1] },
        series: [
          over("micro-F1", ({ micro }) => micro.f1),
          over("macro-F1", ({ macro }) => macro.f1),
          over("subset accuracy", ({ subsetAccuracy }) => subsetAccuracy),
          over("macro ROC AUC", ({ macro }) => macro.rocAuc),
        ],
      },
      "One point an epoch.",
    ],
    [
      {
        kind: "lines",
        title: "Loss of each step",
        x: { title: "step" },
        y: { title: "loss" },
        series: [{ name: "loss", points: thin(steps, ({ loss }) => loss) }],
      },
      steps.length > mostPoints ? "Means over neighbouring steps." : "One point a step.",
    ],
    [
      {
        kind: "lines",
        title: "Learning rate",
        x: { title: "step" },
        y: { title: "learning rate", small: true },
        series: [{ name: "learning rate", points: thin(steps, ({ learningRate }) => learningRate) }],
      },
      "Warm-up and schedule.",
    ],
  ];
  const drawn = epochs.length > 0 ? charts : charts.slice(2);
  return [await figures(drawn.filter(([chart]) => chart.kind !== "lines" || chart.series.some(hasPoints)))];
}

const hasPoints = ({ points }: Series) => points.length > 0;

function thin(steps: readonly StepFigures[], value: (step: StepFigures) => number): Series["points"] {
  const size = Math.ceil(steps.length / mostPoints);
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => {
    const some = steps.slice(i * size, (i + 1) * size);
    return { x: mean(some.map(({ step }) => step)), y: mean(some.map(value)) };
  });
}

function epochTable(epochs: readonly EpochFigures[]): Content {
  const titles = [
    "epoch",
    "training loss",
    "validation loss",
    "micro-F1",
    "macro-F1",
    "subset accuracy",
    "seconds",
  ];
  const rows = epochs.map(({ epoch, trainingLoss, validation, seconds }) => [
    String(epoch),
    decimal(trainingLoss, 4),
    decimal(validation?.loss, 4),
    decimal(validation?.micro.f1, 4),
    decimal(validation?.macro.f1, 4),
    decimal(validation?.subsetAccuracy, 4),
    decimal(seconds, 1),
  ]);
  return table(
    "Epochs",
    titles.map((title) => ({ title })),
    rows,
  );
}

function optionTable(options: Readonly<Record<string, unknown>>): Content {
  const rows = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return table("Options", [{ title: "option" }, { title: "value" }], rows);
}
