// `tagformer baseline`
import type { Command } from "commander";
import { counted } from "../base/counted.js";
import { parseOptions } from "../base/parse-options.js";
import { checkReadable } from "../data/bytes.js";
import { classificationReport } from "../evaluation/text-report.js";
import { baselineOptions } from "../options/training.js";
import { type BaselineModel, trainBaseline } from "../training/train-baseline.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { describeIntervals } from "./interval-table.js";
import { abortOnInterrupt, print, printJson } from "./terminal.js";

interface BaselineFlags extends DataFlags {
  readonly output: string;
  readonly validation?: string;
  readonly test?: string;
  readonly json?: boolean;
}

export function addBaselineCommand(root: Command): void {
  const command = root
    .command("baseline <data>")
    .description(
      "train a bag of words, the baseline for any other model: TF-IDF of words and characters, and a logistic regression for each label",
    )
    .requiredOption("--output <dir>", "model directory to write")
    .option("--validation <file>", "table to tune the thresholds on (default: a part of <data>)")
    .option("--test <file>", "table to judge it on (default: --test-split of <data>)");
  addDataFlags(command);
  addFlags(command, baselineOptions)
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  tagformer baseline tickets.csv --output ./tickets-words\n")
    .action(baseline);
}

async function baseline(data: string, flags: BaselineFlags): Promise<void> {
  const options = takeFlags(baselineOptions, flags as unknown as Record<string, unknown>);
  parseOptions(baselineOptions, options); // before a large table is read
  for (const file of [data, flags.validation ?? [], flags.test ?? []].flat()) await checkReadable(file);
  const { dataset } = await readData(data, flags);
  const labels = [...dataset.labelNames];
  const readOther = async (file: string) =>
    (await readData(file, { ...flags, labels }, { labelsOf: dataset.source })).dataset;
  const validation = flags.validation && (await readOther(flags.validation));
  const test = flags.test && (await readOther(flags.test));
  const controller = new AbortController();
  abortOnInterrupt(controller, () => "stopping");
  const model = await trainBaseline(
    {
      ...options,
      train: dataset,
      ...(validation && { validation }),
      ...(test && { test }),
      output: flags.output,
    },
    { signal: controller.signal },
  );
  if (flags.json) printJson(model);
  else print(describe(model));
}

function describe({ directory, trainingRows, terms, grams, tuning, test }: BaselineModel): string {
  const judged = tuning?.crossFitted ?? tuning?.tuned;
  return [
    ...(judged
      ? [
          `\nThe ${judged.rows} validation rows, ${tuning?.crossFitted ? "each decided by thresholds that were tuned on the others" : "with thresholds that were tuned on them"}:\n`,
          classificationReport(judged),
        ]
      : []),
    ...(test
      ? [
          `\nThe ${test.metrics.rows} test rows, by which nothing was chosen:\n`,
          classificationReport(test.metrics),
          describeIntervals(test.intervals),
        ]
      : []),
    `\nThe bag of words is in ${directory}: ${terms} words and pairs, ${grams} runs of characters, from ${counted(trainingRows, "row")}.`,
  ].join("\n");
}
