// `tagformer compare`
import { join } from "node:path";
import type { Command } from "commander";
import { invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { listLabels } from "../data/column-names.js";
import type { Dataset } from "../data/dataset.js";
import { clustersOf } from "../data/groups.js";
import { matchLabels, matchRows, selectCells } from "../evaluation/alignment.js";
import { type ComparedRun, compareScores } from "../evaluation/compare.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import { type Decision, selectLabels, thresholdsOf } from "../evaluation/tuning.js";
import { readDecision } from "../model/decision.js";
import { readModelDirectory } from "../model/directory.js";
import { tagformerFile } from "../model/file-names.js";
import { describeChoices, describeSeen } from "../model/seen-texts.js";
import {
  clustersOfStored,
  readTest,
  readValidation,
  type StoredPredictions,
} from "../model/stored-predictions.js";
import { readOneVersion } from "../model/version.js";
import { resamplingOptions } from "../options/evaluation.js";
import { modelOptions } from "../options/model.js";
import { describeComparison } from "./comparison-table.js";
import { type CutTexts, cutTextsOf, noteCutTexts } from "./cut-texts.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, localModel } from "./model.js";
import { ProgressBar } from "./progress.js";
import { note, print, printJson } from "./terminal.js";

interface CompareFlags extends DataFlags {
  readonly data?: string;
  readonly labelFile?: string;
  readonly json?: boolean;
}

/** Two runs on the same rows. */
interface Compared {
  readonly labelNames: readonly string[];
  readonly labels: Float32Array;
  readonly first: ComparedRun;
  readonly second: ComparedRun;
  /** Which rows are of one text or group. */
  readonly clusters: Int32Array;
  readonly source: string;
  /** Of each run; absent where no text was read. */
  readonly cutTexts?: readonly CutTexts[];
}

export function addCompareCommand(root: Command): void {
  const command = root
    .command("compare <run> <run>")
    .description(
      "compare two trained models on the same rows: differences with confidence intervals and p-values; on the test or validation rows that both runs held back, or on a table",
    )
    .option(
      "--data <file>",
      "labelled table to compare on (default: the runs' test rows, or their validation rows)",
    )
    .option(
      "--label-file <file>",
      "table with the labels, joined by id; rows without any label are left out",
    );
  addDataFlags(command);
  addFlags(command, resamplingOptions);
  addFlags(command, modelOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExamples:\n  tagformer compare ./first-model ./second-model\n  tagformer compare ./first-model ./second-model --data test.csv\n",
    )
    .action(compare);
}

async function compare(firstRun: string, secondRun: string, flags: CompareFlags): Promise<void> {
  const given = flags as unknown as Record<string, unknown>;
  const options = takeFlags(resamplingOptions, given);
  parseOptions(resamplingOptions, options);
  const directories = [await localModel(firstRun), await localModel(secondRun)] as const;
  const { first, second, labels, labelNames, clusters, source, cutTexts } =
    flags.data === undefined
      ? await readOneVersion(directories[0], () =>
          readOneVersion(directories[1], () => fromStored(directories)),
        )
      : await fromTable(flags.data, directories, flags);
  const comparison = compareScores(first, second, labels, labelNames, options, clusters);
  if (flags.json)
    printJson({
      first: firstRun,
      second: secondRun,
      data: source,
      ...(cutTexts && { cutTexts }),
      ...comparison,
    });
  else print(describeComparison(comparison, firstRun, secondRun, source));
  for (const [i, found] of (cutTexts ?? []).entries()) noteCutTexts(found, [firstRun, secondRun][i]);
}

/** Both runs' stored predictions for their validation rows, which must be the same rows. */
async function fromStored(directories: readonly [string, string]): Promise<Compared> {
  const { part, one, other } = await readStored(directories);
  const columns = matchLabels(one.labelNames, other.labelNames);
  if (columns === null) {
    throw invalidOption(
      `the runs have different labels: ${listLabels(one.labelNames)} in ${directories[0]}, and ${listLabels(other.labelNames)} in ${directories[1]}`,
    );
  }
  const rows = sameRows(one, other, directories);
  const { labels, labelNames } = one;
  return {
    labelNames,
    labels,
    first: await storedRun(directories[0], one.logits, labelNames, part),
    second: await storedRun(
      directories[1],
      selectCells(other.logits, labelNames.length, columns, rows),
      labelNames,
      part,
    ),
    clusters: clustersOfStored(one),
    source: `the runs' ${part} rows, of ${one.source}`,
  };
}

/** Rows that both runs stored predictions for. */
interface StoredPair {
  readonly part: "test" | "validation";
  readonly one: StoredPredictions;
  readonly other: StoredPredictions;
}

/** The runs' test rows where both have the same, by which nothing was chosen; otherwise their validation rows. */
async function readStored([first, second]: readonly [string, string]): Promise<StoredPair> {
  const [one, other] = [await readTest(first), await readTest(second)];
  const sorted = (predictions: StoredPredictions) => [...predictions.digests].sort().join();
  if (one && other && sorted(one) === sorted(other)) return { part: "test", one, other };
  if (one && other) note("the runs were tested on different rows: their validation rows are compared");
  return { part: "validation", one: await readValidation(first), other: await readValidation(second) };
}

/** For each row of the first run, the same row of the second. */
function sameRows(
  one: StoredPredictions,
  other: StoredPredictions,
  [first, second]: readonly [string, string],
): number[] {
  const matched = matchRows(one.digests, other.digests);
  const common = matched.filter((place) => place !== undefined);
  if (common.length === matched.length && common.length === other.digests.length) return common;
  throw invalidOption(
    `the runs were validated on different rows: ${first} on ${matched.length}, ${second} on ${other.digests.length}, of which ${common.length} are the same. Train both with the same --seed or --validation table, or compare them on a table that neither was trained on, with --data`,
  );
}

async function storedRun(
  directory: string,
  logits: Float32Array,
  labelNames: readonly string[],
  part: StoredPair["part"],
): Promise<ComparedRun> {
  const { tagformer, labels } = await readModelDirectory(directory);
  const decision = readDecision(tagformer, labels.names, join(directory, tagformerFile));
  if (part === "validation") {
    for (const sentence of describeChoices(tagformer)) note(`${directory}: ${sentence}`);
  }
  const columns = labelNames.map((name) => labels.names.indexOf(name));
  return comparedRun(logits, selectLabels(decision, columns));
}

function comparedRun(logits: Float32Array, decision: Decision): ComparedRun {
  return {
    scores: { logits: divideByTemperature(logits, decision.temperatures) },
    thresholds: thresholdsOf(decision),
  };
}

/** Both models' predictions for a table. */
async function fromTable(
  data: string,
  directories: readonly [string, string],
  flags: CompareFlags,
): Promise<Compared> {
  const options = takeFlags(modelOptions, flags as unknown as Record<string, unknown>);
  const { labels: labelNames } = await readModelDirectory(directories[0]);
  const { dataset } = await readData(
    data,
    { ...flags, labels: flags.labels ?? [...labelNames.names] },
    { labelFile: flags.labelFile, ...(!flags.labels && { labelsOf: "the model" }) },
  );
  const first = await predict(directories[0], dataset, labelNames.names, options);
  const second = await predict(directories[1], dataset, labelNames.names, options);
  const cutTexts = [first.cutTexts, second.cutTexts];
  return {
    labelNames: labelNames.names,
    labels: first.labels,
    first,
    second,
    clusters: clustersOf(dataset),
    source: data,
    cutTexts,
  };
}

async function predict(
  directory: string,
  dataset: Dataset,
  labelNames: readonly string[],
  options: Record<string, unknown>,
): Promise<ComparedRun & { labels: Float32Array; cutTexts: CutTexts }> {
  await using classifier = await loadClassifier(directory, options);
  const columns = matchLabels(labelNames, classifier.labels);
  if (columns === null) {
    throw invalidOption(
      `the models have different labels: ${directory} has ${listLabels(classifier.labels)}; expected ${listLabels(labelNames)}`,
    );
  }
  const bar = new ProgressBar(`predicting with ${directory}`, dataset.texts.length);
  const { logits, labels, tokens, seen } = await classifier
    .evaluate(dataset, { onProgress: (rows) => bar.update(rows, `${bar.rate.toFixed(0)} rows/s`) })
    .finally(() => bar.stop());
  for (const sentence of describeSeen(seen)) note(`${directory}: ${sentence}`);
  const inOrder = (values: Float32Array) => selectCells(values, columns.length, columns);
  return {
    ...comparedRun(inOrder(logits), selectLabels(classifier.decision, columns)),
    labels: inOrder(labels),
    cutTexts: cutTextsOf(tokens, classifier.maxLength),
  };
}
