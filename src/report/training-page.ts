// The report of a training run: how it went, epoch by epoch, and what the kept model does on the rows held back.
import { count } from "../base/counted.js";
import type { EvaluationDetails } from "../evaluation/details.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import {
  type BaselineFigures,
  baselineTable,
  describeBaselineRows,
  notBetterThanBaseline,
} from "./baseline-words.js";
import type { Chart, Series } from "./chart.js";
import {
  combinationsCaveat,
  describeKept,
  type EpochChoice,
  metricNames,
  validationCaveat,
} from "./choices.js";
import { evaluationSections, type ShownRows } from "./evaluation-page.js";
import { type Content, html } from "./html.js";
import { renderPage, type Section } from "./page.js";
import { decimal, figures, table, tiles } from "./parts.js";
import { testContent } from "./test-section.js";

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
  /** The training's objective on the validation rows. */
  readonly objective?: number;
  readonly validation?: Evaluation;
  readonly best: boolean;
  readonly kept: boolean;
  readonly seconds: number;
}

/** Everything that the report of a run shows. */
export interface RunReport extends EpochChoice {
  /** Where the model lies. */
  readonly model: string;
  /** Where the rows came from. */
  readonly data: string;
  readonly trainingRows: number;
  /** The table of the validation rows where it is another than that of the training rows. */
  readonly validationData?: string | undefined;
  /** The table of the test rows where it is another than that of the training rows. */
  readonly testData?: string | undefined;
  readonly testRows: number;
  /** What the training minimises, in words. */
  readonly objectiveName: string;
  /** Whether that is cross-entropy without any weight or smoothing. */
  readonly isPlainCrossEntropy: boolean;
  /** Whether rows were held back by combinations of labels. */
  readonly byCombinations: boolean;
  /** On the test rows, by the kept epoch; absent when there are none. */
  readonly test?: TestFigures | undefined;
  /** Micro-F1, macro-F1 and subset accuracy at 0.5 and with the thresholds that were learnt at the end. */
  readonly tuning?: {
    readonly untuned: readonly number[];
    /** `null` where the rows were too few. */
    readonly crossFitted: readonly number[] | null;
    readonly tuned: readonly number[];
  };
  /** The model beside a bag of words. */
  readonly baseline?: BaselineFigures;
  /** What was decided for the user, and the flags that repeat the run without a search. */
  readonly choices?: readonly { readonly option: string; readonly value: unknown; readonly reason: string }[];
  readonly repeatWith?: string;
  /** Number of weights. */
  readonly parameters: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly steps: readonly StepFigures[];
  readonly epochs: readonly EpochFigures[];
  /** The steps after which the run was interrupted and resumed. */
  readonly resumedAfter: readonly number[];
  /** Of the kept epoch, on the validation rows; absent when there are none. */
  readonly validation?: (ShownRows & { readonly details: EvaluationDetails }) | undefined;
  /** Sections about the data. */
  readonly dataSections: readonly Section[];
}

/** Points of a curve over the steps; the steps between are averaged. */
const mostPoints = 200;

/** The page about a run, drawn here and now. */
export async function drawTrainingPage(report: RunReport): Promise<string> {
  const { epochs, validation, test } = report;
  return renderPage({
    title: "Training report",
    subtitle: `${report.model}, trained on ${report.data}`,
    sections: [
      { title: "The run", content: [summary(report), ...choicesOf(report), ...decisionsOf(report)] },
      ...endSections(report),
      ...(test ? [{ title: "The model's figures, on test rows", content: testContent(test, report) }] : []),
      { title: "Learning curves", content: await learningContent(report) },
      { title: "Epochs", content: epochs.length > 0 ? epochContent(report) : [] },
      ...(validation ? await validationSections(report, validation) : []),
      ...report.dataSections,
      { title: "Options", content: [optionTable(report.options)] },
    ],
  });
}

async function validationSections(
  report: RunReport,
  validation: NonNullable<RunReport["validation"]>,
): Promise<Section[]> {
  const { validationRows, validationData, keptEpoch, byCombinations } = report;
  const rows =
    validationData === undefined
      ? `${count(validationRows)} rows that were held back from training`
      : `${count(validationRows)} rows of ${validationData}`;
  const notes = [
    `Of epoch ${keptEpoch}, on ${rows}; a label counts as given when its probability is above 0.5. ${validationCaveat(report)}`,
    ...(byCombinations && validationData === undefined ? [combinationsCaveat] : []),
  ];
  const sections = await evaluationSections(validation.details, { ...validation, notes });
  return sections.map(({ title, content }, i) => ({
    title: i === 0 ? `${title} on the validation rows` : title,
    content,
  }));
}

function summary(report: RunReport): Content {
  const seconds = report.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return tiles([
    ["rows to train on", count(report.trainingRows)],
    ["rows to validate on", count(report.validationRows)],
    ["rows to test on", count(report.testRows)],
    ["million weights", decimal(report.parameters / 1e6, 1)],
    ["steps", count(report.steps.at(-1)?.step ?? 0)],
    ["epochs trained", count(report.epochs.length)],
    ["epoch kept", report.keptEpoch === undefined ? "–" : String(report.keptEpoch)],
    ["minutes", decimal(seconds / 60, 1)],
  ]);
}

/** What the preset auto has decided. */
function decisionsOf({ choices = [], repeatWith }: RunReport): Content[] {
  if (choices.length === 0) return [];
  const rows = choices.map(({ option, value, reason }) => [option, String(value), reason]);
  return [
    html`<p>These options were not given and were decided from data and model:</p>`,
    table("Decisions", [{ title: "option" }, { title: "value" }, { title: "why", words: true }], rows),
    html`<p>The same run without a search: <code>tagformer train ... ${repeatWith ?? ""}</code></p>`,
  ];
}

function choicesOf(report: RunReport): Content[] {
  return [
    html`<p>The weights are those of ${describeKept(report)}. The training minimised ${report.objectiveName}.</p>`,
    report.validationRows > 0 &&
      report.testRows === 0 &&
      html`<p>No row judged the finished model: the validation rows had a part in how it was made. Rows that are held back with --test-split, or a table of their own (--test), have none.</p>`,
  ];
}

/** What the end of the run has found: thresholds, and whether a bag of words would do. */
function endSections({ tuning, baseline }: RunReport): Section[] {
  const sections: Section[] = [];
  if (baseline) {
    const [head = [], ...rows] = baselineTable(baseline);
    const verdict = notBetterThanBaseline(baseline);
    const content = [
      verdict !== null && html`<p><strong>${verdict}</strong></p>`,
      html`<p>${describeBaselineRows(baseline)}.</p>`,
      table(
        "Beside a bag of words",
        head.map((title) => ({ title })),
        rows,
      ),
    ];
    sections.push({ title: "Beside a bag of words", content });
  }
  if (tuning) {
    const line = (name: string, figures: readonly number[] | null) =>
      figures === null ? [] : [[name, ...figures.map((value) => decimal(value, 4))]];
    const titles = ["thresholds", "micro-F1", "macro-F1", "subset accuracy"];
    const content = [
      html`<p>The model is stored with thresholds and temperatures that were tuned on the validation rows. Cross-fitted figures are of rows that they did not see; the tuned ones are of the very rows, and too good.</p>`,
      table(
        "Thresholds",
        titles.map((title) => ({ title })),
        [
          ...line("0.5", tuning.untuned),
          ...line("cross-fitted", tuning.crossFitted),
          ...line("tuned", tuning.tuned),
        ],
      ),
    ];
    sections.push({ title: "Thresholds", content });
  }
  return sections;
}

async function learningContent(report: RunReport): Promise<Content[]> {
  const { steps, epochs, resumedAfter } = report;
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
    ...lossCharts(report, x, over),
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
        y: { title: "objective" },
        series: [{ name: "loss", points: thin(steps, ({ loss }) => loss) }],
        marks: resumedAfter,
      },
      (steps.length > mostPoints ? "Means over neighbouring steps." : "One point a step.") +
        describeResumptions(resumedAfter),
    ],
    [
      {
        kind: "lines",
        title: "Learning rate",
        x: { title: "step" },
        y: { title: "learning rate", small: true },
        series: [{ name: "learning rate", points: thin(steps, ({ learningRate }) => learningRate) }],
        marks: resumedAfter,
      },
      `Warm-up and schedule.${describeResumptions(resumedAfter)}`,
    ],
  ];
  return [await figures(charts.filter(([chart]) => chart.kind !== "lines" || chart.series.some(hasPoints)))];
}

/**
 * Each loss under its name. A line of the training has dropout and weights that change; one of the validation rows has
 * neither, so that their heights say nothing about each other.
 */
function lossCharts(
  { epochs, objectiveName, isPlainCrossEntropy }: RunReport,
  x: Extract<Chart, { kind: "lines" }>["x"],
  over: (name: string, value: (validation: Evaluation) => number | null) => Series,
): [Chart, string][] {
  const training: Series = {
    name: "training",
    points: epochs.map(({ epoch, trainingLoss }) => ({ x: epoch, y: trainingLoss })),
  };
  const validation: Series = {
    name: "validation",
    points: epochs.flatMap(({ epoch, objective }) =>
      objective === undefined ? [] : [{ x: epoch, y: objective }],
    ),
  };
  const objective: [Chart, string] = [
    {
      kind: "lines",
      title: "What the training minimises",
      x,
      y: { title: "objective" },
      series: [training, validation],
    },
    `The objective: ${objectiveName}. Each line by itself: the training's is a mean over the epoch, with dropout and weights that change; the validation rows' is of the weights at the end of the epoch, without dropout.`,
  ];
  if (isPlainCrossEntropy) return [objective];
  return [
    objective,
    [
      {
        kind: "lines",
        title: "Cross-entropy on the validation rows",
        x,
        y: { title: "cross-entropy" },
        series: [over("cross-entropy", ({ loss }) => loss)],
      },
      "Without the weights, smoothing or focus of the training: how well the probabilities fit.",
    ],
  ];
}

function describeResumptions(after: readonly number[]): string {
  if (after.length === 0) return "";
  return ` Dashed lines: the run was interrupted, and resumed after step ${after.map(count).join(", ")}.`;
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

function epochContent(report: RunReport): Content[] {
  const { epochs, objectiveName, isPlainCrossEntropy } = report;
  const objective = isPlainCrossEntropy ? "cross-entropy" : "objective";
  const titles = [
    "epoch",
    `training ${objective}`,
    ...(isPlainCrossEntropy ? [] : ["validation objective"]),
    "validation cross-entropy",
    "micro-F1",
    "macro-F1",
    "subset accuracy",
    "seconds",
  ];
  const rows = epochs.map(({ epoch, trainingLoss, validation, seconds, ...found }) => [
    nameOfEpoch(epoch, report),
    decimal(trainingLoss, 4),
    ...(isPlainCrossEntropy ? [] : [decimal(found.objective, 4)]),
    decimal(validation?.loss, 4),
    decimal(validation?.micro.f1, 4),
    decimal(validation?.macro.f1, 4),
    decimal(validation?.subsetAccuracy, 4),
    decimal(seconds, 1),
  ]);
  return [
    !isPlainCrossEntropy && html`<p>The objective is what the training minimises: ${objectiveName}.</p>`,
    table(
      "Epochs",
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
}

/** An epoch, with what it became: not what it was when it was over. */
function nameOfEpoch(epoch: number, { epochs, keptEpoch, bestMetric }: RunReport): string {
  const best = epochs.findLast((one) => one.best)?.epoch;
  const marks = [
    ...(epoch === best ? [`best ${metricNames[bestMetric]}`] : []),
    ...(epoch === keptEpoch ? ["kept"] : []),
  ];
  return marks.length === 0 ? String(epoch) : `${epoch} (${marks.join(", ")})`;
}

function optionTable(options: Readonly<Record<string, unknown>>): Content {
  const rows = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return table("Options", [{ title: "option" }, { title: "value" }], rows);
}
