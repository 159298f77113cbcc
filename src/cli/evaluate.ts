// `tagformer evaluate`
import type { Command } from "commander";
import { Classifier } from "../classifier.js";
import { checkReadable } from "../data/bytes.js";
import type { Dataset } from "../data/dataset.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Mistake } from "../evaluation/mistakes.js";
import { classificationReport } from "../evaluation/report.js";
import { modelOptions } from "../options.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, parseCount, takeFlags } from "./flags.js";
import { localModel, modelHelp } from "./model.js";
import { ProgressBar } from "./progress.js";
import { ensureSetUp } from "./setup.js";
import { note, print, printJson } from "./terminal.js";

interface EvaluateFlags extends DataFlags {
  readonly model: string;
  readonly labelFile?: string;
  readonly mistakes: number;
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
    .option("--mistakes <number>", "how many of the worst mistakes to show", parseCount, 0);
  addDataFlags(command);
  addFlags(command, modelOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer evaluate test.csv --label-file test_labels.csv --model ./tickets-model\n",
    )
    .action(evaluate);
}

async function evaluate(data: string, flags: EvaluateFlags): Promise<void> {
  for (const file of [data, flags.labelFile ?? []].flat()) await checkReadable(file);
  await ensureSetUp();
  await using classifier = await Classifier.load(
    await localModel(flags.model),
    takeFlags(modelOptions, flags as unknown as Record<string, unknown>),
  );
  const labels = flags.labels ?? [...classifier.labels];
  const { dataset, droppedUnlabelled } = await readData(
    data,
    { ...flags, labels },
    { labelFile: flags.labelFile, ...(!flags.labels && { labelsOf: "the model" }) },
  );
  if (droppedUnlabelled > 0) note(`left out ${droppedUnlabelled} rows without any label`);
  const bar = new ProgressBar("evaluating", dataset.texts.length);
  const result = await classifier
    .evaluate(dataset, { onProgress: (rows) => bar.update(rows, `${bar.rate.toFixed(0)} rows/s`) })
    .finally(() => bar.stop());
  const mistakes = describeMistakes(result.mistakes.slice(0, flags.mistakes), dataset);
  if (flags.json) {
    printJson({ model: flags.model, data, metrics: result.metrics, mistakes });
    return;
  }
  print(classificationReport(result.metrics));
  print(describeMetrics(result.metrics));
  for (const { place, label, probability, truth, text } of mistakes) {
    print(`${place}: ${label} is ${truth}, predicted ${probability.toFixed(3)}: ${text}`);
  }
}

function describeMetrics(metrics: Evaluation): string {
  const figure = (value: number | null) => (value === null ? "undefined" : value.toFixed(4));
  return [
    `rows             ${metrics.rows}`,
    `loss             ${figure(metrics.loss)}`,
    `micro-F1         ${figure(metrics.micro.f1)}`,
    `macro-F1         ${figure(metrics.macro.f1)}`,
    `subset accuracy  ${figure(metrics.subsetAccuracy)}`,
    `Hamming loss     ${figure(metrics.hammingLoss)}`,
    `mean ROC AUC     ${figure(metrics.macro.rocAuc)}`,
  ].join("\n");
}

function describeMistakes(mistakes: readonly Mistake[], dataset: Dataset) {
  return mistakes.map(({ row, label, probability, truth }) => {
    const text = dataset.texts.at(row)!.replace(/\s+/g, " ");
    return {
      place: dataset.lines ? `line ${dataset.lines[row]}` : `row ${row + 1}`,
      label,
      probability,
      truth,
      text: text.length > shownCharacters ? `${text.slice(0, shownCharacters)}...` : text,
    };
  });
}
