// `tagformer evaluate`
import type { Command } from "commander";
import type { ClassifierEvaluation } from "../classifier/evaluation.js";
import type { Classifier } from "../classifier.js";
import { checkReadable } from "../data/bytes.js";
import { type Dataset, placeOf } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { confidenceIntervals, type Intervals } from "../evaluation/bootstrap.js";
import { describeConvention } from "../evaluation/conventions.js";
import { type LabelErrors, type SuspectedLabel, suspectedLabelErrors } from "../evaluation/label-errors.js";
import type { Evaluation } from "../evaluation/metrics.js";
import { type Mistake, mistakesByLabel } from "../evaluation/mistakes.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import { classificationReport } from "../evaluation/text-report.js";
import { describeSeen } from "../model/seen-texts.js";
import { isTorchScriptPath } from "../model/torchscript/source.js";
import { classifierOptions } from "../options/model.js";
import { notBetterThanBaseline } from "../report/baseline-words.js";
import { evaluateBaseline } from "./beside-baseline.js";
import { cutTextsOf, noteCutTexts } from "./cut-texts.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { writeEvaluationPage } from "./evaluation-html.js";
import { writeEvaluationTable } from "./evaluation-table.js";
import { addFlags, parseCount, takeFlags } from "./flags.js";
import { describeIntervals } from "./interval-table.js";
import { loadClassifier, modelHelp } from "./model.js";
import { checkOutput } from "./output.js";
import { ProgressBar } from "./progress.js";
import { note, print, printJson } from "./terminal.js";
import { figure, textTable } from "./text-table.js";
import { describeBaseline } from "./training-result.js";

interface EvaluateFlags extends DataFlags {
  readonly model: string;
  readonly labelFile?: string;
  readonly table?: string;
  readonly html?: string;
  readonly digits: number;
  readonly mistakes: number;
  readonly mistakesPerLabel: number;
  readonly labelErrors: number;
  readonly intervals: number;
  readonly json?: boolean;
}

/** Characters of a text that a list of mistakes shows. */
const shownCharacters = 100;

export function addEvaluateCommand(root: Command): void {
  const command = root
    .command("evaluate <data>")
    .description("compare a model's predictions with the labels of a table: per-label report and metrics")
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--label-file <file>", "table with the labels, joined by id; rows without any label are left out")
    .option("--html <file>", "HTML page to write, with curves, tables and the worst mistakes")
    .option(
      "--table <file>",
      "CSV file to write, with the true and predicted labels and the scores of each text",
    )
    .option("--digits <number>", "digits of the report", parseCount, 2)
    .option("--mistakes <number>", "how many of the worst mistakes to show", parseCount, 0)
    .option("--mistakes-per-label <number>", "how many of each label's worst to show", parseCount, 0)
    .option(
      "--label-errors <number>",
      "how many of the table's most suspicious labels to show, with an estimate of how many are wrong",
      parseCount,
      0,
    )
    .option(
      "--intervals <samples>",
      "bootstrap samples for 95% confidence intervals; 0: none",
      parseCount,
      0,
    );
  addDataFlags(command);
  addFlags(command, classifierOptions.omit({ labels: true }))
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer evaluate test.csv --label-file test_labels.csv --model ./tickets-model\n",
    )
    .action(evaluate);
}

async function evaluate(data: string, flags: EvaluateFlags): Promise<void> {
  for (const file of [data, flags.labelFile ?? []].flat()) await checkReadable(file);
  for (const file of [flags.html, flags.table]) await checkOutput(file);
  await using classifier = await loadClassifier(
    flags.model,
    // Other models name their labels themselves.
    takeFlags(
      isTorchScriptPath(flags.model) ? classifierOptions : classifierOptions.omit({ labels: true }),
      flags as unknown as Record<string, unknown>,
    ),
  );
  const labels = flags.labels ?? [...classifier.labels];
  const { dataset } = await readData(
    data,
    { ...flags, labels },
    { labelFile: flags.labelFile, ...(!flags.labels && { labelsOf: "the model" }) },
  );
  const bar = new ProgressBar("evaluating", dataset.texts.length);
  const result = await classifier
    .evaluate(dataset, { onProgress: (rows) => bar.update(rows, `${bar.rate.toFixed(0)} rows/s`) })
    .finally(() => bar.stop());
  if (flags.html)
    await writeEvaluationPage(flags.html, { model: flags.model, data }, classifier, dataset, result);
  if (flags.table) await writeEvaluationTable(flags.table, classifier, dataset, result);
  const found = detailsOf(result, classifier, dataset, flags);
  for (const sentence of describeSeen(result.seen)) note(sentence);
  for (const convention of result.metrics.conventions) note(`warning: ${describeConvention(convention)}`);
  const cutTexts = cutTextsOf(result.tokens, classifier.maxLength);
  const beside = await evaluateBaseline(classifier, dataset, result);
  const rival = beside && { baseline: beside };
  if (flags.json)
    printJson({
      model: flags.model,
      data,
      cutTexts,
      seen: result.seen,
      metrics: result.metrics,
      ...found,
      ...rival,
    });
  else {
    const simpler = beside && notBetterThanBaseline(beside);
    if (simpler) print(`${simpler}\n`);
    describe(result.metrics, found, flags);
    if (beside) print(describeBaseline(beside));
  }
  noteCutTexts(cutTexts);
}

/** A {@link Mistake} with its place and text. */
interface ShownMistake extends Omit<Mistake, "row"> {
  readonly place: string;
  readonly text: string;
}

/** {@link LabelErrors} with their places and texts. */
interface ShownLabelErrors extends Omit<LabelErrors, "suspects"> {
  readonly suspects: readonly (ShownMistake & Pick<SuspectedLabel, "wrongChance">)[];
}

/** What was asked for beyond the metrics; what was not is empty, or absent. */
interface Details {
  readonly mistakes: readonly ShownMistake[];
  readonly mistakesByLabel?: Record<
    string,
    Record<"falsePositives" | "falseNegatives", readonly ShownMistake[]>
  >;
  readonly labelErrors?: ShownLabelErrors;
  readonly intervals?: Intervals;
}

function detailsOf(
  { logits, labels, mistakes }: ClassifierEvaluation,
  classifier: Classifier,
  dataset: Dataset,
  flags: EvaluateFlags,
): Details {
  const scores = { logits: divideByTemperature(logits, classifier.temperatures) };
  const { labels: names, thresholds } = classifier;
  const show = <Found extends Mistake>(found: readonly Found[]) =>
    found.map((mistake) => showMistake(mistake, dataset));
  const showErrors = (errors: LabelErrors) => ({ ...errors, suspects: show(errors.suspects) });
  return {
    mistakes: show(mistakes.slice(0, flags.mistakes)),
    ...(flags.mistakesPerLabel > 0 && {
      mistakesByLabel: Object.fromEntries(
        mistakesByLabel(scores, labels, names, flags.mistakesPerLabel, thresholds).map(
          ({ name, falsePositives, falseNegatives }) => [
            name,
            { falsePositives: show(falsePositives), falseNegatives: show(falseNegatives) },
          ],
        ),
      ),
    }),
    ...(flags.labelErrors > 0 && {
      labelErrors: showErrors(suspectedLabelErrors(scores, labels, names, flags.labelErrors)),
    }),
    ...(flags.intervals > 0 && {
      intervals: confidenceIntervals(
        scores,
        labels,
        names,
        thresholds,
        { samples: flags.intervals },
        clustersOf(dataset),
      ),
    }),
  };
}

function showMistake<Found extends Mistake>({ row, ...mistake }: Found, dataset: Dataset) {
  const text = dataset.texts.at(row)!.replace(/\s+/g, " ");
  return {
    place: placeOf(dataset, row),
    ...mistake,
    text: text.length > shownCharacters ? `${text.slice(0, shownCharacters)}...` : text,
  };
}

function describe(metrics: Evaluation, details: Details, { digits }: EvaluateFlags): void {
  print(classificationReport(metrics, digits));
  print(`${describeLabels(metrics)}\n`);
  print(describeMetrics(metrics));
  if (details.intervals) print(`\n${describeIntervals(details.intervals)}`);
  const list = (mistakes: readonly ShownMistake[]) => {
    for (const { place, label, probability, truth, text } of mistakes) {
      print(`${place}: ${label} is ${truth}, predicted ${probability.toFixed(3)}: ${text}`);
    }
  };
  list(details.mistakes);
  for (const [name, { falsePositives, falseNegatives }] of Object.entries(details.mistakesByLabel ?? {})) {
    print(`\n${name}: wrongly given (${falsePositives.length}), then missed (${falseNegatives.length})`);
    list([...falsePositives, ...falseNegatives]);
  }
  if (details.labelErrors) describeLabelErrors(details.labelErrors, metrics.labelled);
}

function describeLabelErrors(
  { suspects, expectedWrong, expectedWrongOfAll }: ShownLabelErrors,
  labelled: number,
) {
  print(
    `\nthe most suspicious labels of the table: about ${Math.round(expectedWrong)} of these ${suspects.length} are expected to be wrong, and about ${Math.round(expectedWrongOfAll)} of all ${labelled}; an estimate, which counts what could be labelled either way as well:`,
  );
  for (const { place, label, probability, truth, wrongChance, text } of suspects) {
    const what = truth > 0.5 ? "wrongly given?" : "missing?";
    print(
      `${place}: ${label} ${what} (${(100 * wrongChance).toFixed(0)} %) It is ${truth}, predicted ${probability.toFixed(3)}: ${text}`,
    );
  }
}

/** What the report leaves out: counts, rankings and calibration of each label. */
function describeLabels({ labels }: Evaluation): string {
  return textTable([
    ["", "TP", "FP", "FN", "TN", "ROC AUC", "av. precision", "Brier", "calibration error", "by chance"],
    ...labels.map((label) => [
      label.name,
      String(label.truePositives),
      String(label.falsePositives),
      String(label.falseNegatives),
      String(label.trueNegatives),
      ...[
        label.rocAuc,
        label.averagePrecision,
        label.brierScore,
        label.calibrationError,
        label.chanceCalibrationError,
      ].map(figure),
    ]),
  ]);
}

function describeMetrics(metrics: Evaluation): string {
  const { micro, macro, samples, hierarchical } = metrics;
  const figures: [string, number | null][] = [
    ["loss", metrics.loss],
    ["micro-F1", micro.f1],
    ["macro-F1", macro.f1],
    ...(hierarchical ? [["hierarchical F1", hierarchical.f1] as [string, number]] : []),
    ["subset accuracy", metrics.subsetAccuracy],
    ["Hamming loss", metrics.hammingLoss],
    ["Jaccard (samples)", samples.jaccard],
    ["LRAP", metrics.labelRankingAveragePrecision],
    ["coverage error", metrics.coverageError],
    ["ranking loss", metrics.labelRankingLoss],
    ["Brier score", metrics.brierScore],
    ["calibration error", metrics.calibrationError],
    ["  by chance alone", metrics.chanceCalibrationError],
    ["mean av. precision", macro.averagePrecision],
    ["mean ROC AUC", macro.rocAuc],
  ];
  return [["rows", String(metrics.rows)], ...figures.map(([name, value]) => [name, figure(value)])]
    .map(([name, value]) => `${name!.padEnd(18)} ${value}`)
    .join("\n");
}
