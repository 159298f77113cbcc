// `tagformer compare`
import { join } from "node:path";
import type { Command } from "commander";
import type { Dataset } from "../data/dataset.js";
import { TagformerError } from "../errors.js";
import {
  type ComparedFigure,
  type ComparedRun,
  type Comparison,
  compareScores,
} from "../evaluation/compare.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import { readDecision } from "../model/decision.js";
import { readModelDirectory } from "../model/directory.js";
import { tagformerFile } from "../model/file-names.js";
import { describeChoices, describeSeen } from "../model/seen-texts.js";
import { readTest, readValidation, type StoredPredictions } from "../model/validation.js";
import { modelOptions, parseOptions, resamplingOptions } from "../options.js";
import { type CutTexts, cutTextsOf, noteCutTexts } from "./cut-texts.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, localModel } from "./model.js";
import { ProgressBar } from "./progress.js";
import { ensureSetUp } from "./setup.js";
import { note, print, printJson } from "./terminal.js";
import { figure, figureTitles, textTable } from "./text-table.js";

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
  const { first, second, labels, labelNames, source, cutTexts } =
    flags.data === undefined
      ? await fromStored(directories)
      : await fromTable(flags.data, directories, flags);
  const comparison = compareScores(first, second, labels, labelNames, options);
  if (flags.json)
    printJson({
      first: firstRun,
      second: secondRun,
      data: source,
      ...(cutTexts && { cutTexts }),
      ...comparison,
    });
  else print(describe(comparison, firstRun, secondRun, source));
  for (const [i, found] of (cutTexts ?? []).entries()) noteCutTexts(found, [firstRun, secondRun][i]);
}

/** Both runs' stored predictions for their validation rows, which must be the same rows. */
async function fromStored(directories: readonly [string, string]): Promise<Compared> {
  const { part, one, other } = await readStored(directories);
  const columns = one.labelNames.map((name) => other.labelNames.indexOf(name));
  if (columns.includes(-1) || columns.length !== other.labelNames.length) {
    throw new TagformerError(
      "INVALID_OPTION",
      `the runs have different labels: ${one.labelNames.join(", ")} in ${directories[0]}, and ${other.labelNames.join(", ")} in ${directories[1]}`,
    );
  }
  const rows = matchRows(one, other, directories);
  const width = columns.length;
  const reorder = (values: Float32Array) =>
    values.map((_, i) => values[rows[Math.floor(i / width)]! * width + columns[i % width]!]!);
  return {
    labelNames: one.labelNames,
    labels: one.labels,
    first: await storedRun(directories[0], one.logits, one.labelNames, part),
    second: await storedRun(directories[1], reorder(other.logits), one.labelNames, part),
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
function matchRows(
  one: StoredPredictions,
  other: StoredPredictions,
  [first, second]: readonly [string, string],
): number[] {
  const places = new Map<string, number[]>();
  for (const [place, digest] of other.digests.entries()) {
    const known = places.get(digest);
    if (known) known.push(place);
    else places.set(digest, [place]);
  }
  const matched = one.digests.map((digest) => places.get(digest)?.shift());
  const common = matched.filter((place) => place !== undefined);
  if (common.length === matched.length && common.length === other.digests.length) return common;
  throw new TagformerError(
    "INVALID_OPTION",
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
  const byName = (values: readonly number[]) => labelNames.map((name) => values[labels.names.indexOf(name)]!);
  return {
    scores: { logits: divideByTemperature(logits, byName(decision.temperatures)) },
    thresholds: byName(decision.thresholds),
  };
}

/** Both models' predictions for a table. */
async function fromTable(
  data: string,
  directories: readonly [string, string],
  flags: CompareFlags,
): Promise<Compared> {
  await ensureSetUp();
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
  return { labelNames: labelNames.names, labels: first.labels, first, second, source: data, cutTexts };
}

async function predict(
  directory: string,
  dataset: Dataset,
  labelNames: readonly string[],
  options: Record<string, unknown>,
): Promise<ComparedRun & { labels: Float32Array; cutTexts: CutTexts }> {
  await using classifier = await loadClassifier(directory, options);
  const columns = labelNames.map((name) => classifier.labels.indexOf(name));
  if (columns.includes(-1) || columns.length !== classifier.labels.length) {
    throw new TagformerError(
      "INVALID_OPTION",
      `the models have different labels: ${directory} has ${classifier.labels.join(", ")}; expected ${labelNames.join(", ")}`,
    );
  }
  const bar = new ProgressBar(`predicting with ${directory}`, dataset.texts.length);
  const { logits, labels, tokens, seen } = await classifier
    .evaluate(dataset, { onProgress: (rows) => bar.update(rows, `${bar.rate.toFixed(0)} rows/s`) })
    .finally(() => bar.stop());
  for (const sentence of describeSeen(seen)) note(`${directory}: ${sentence}`);
  const width = columns.length;
  const reorder = (values: Float32Array) =>
    values.map((_, i) => values[i - (i % width) + columns[i % width]!]!);
  const byName = (values: readonly number[]) => columns.map((column) => values[column]!);
  return {
    scores: { logits: divideByTemperature(reorder(logits), byName(classifier.temperatures)) },
    thresholds: byName(classifier.thresholds),
    labels: reorder(labels),
    cutTexts: cutTextsOf(tokens, classifier.maxLength),
  };
}

function describe(comparison: Comparison, first: string, second: string, source: string): string {
  const { rows, samples, confidence, figures, labels } = comparison;
  const line = (name: string, compared: ComparedFigure | null) => {
    if (!compared) return [name, "-", "-", "-", "-", "-"];
    const { difference, low, high, p } = compared;
    return [
      name,
      figure(compared.first),
      figure(compared.second),
      signed(difference),
      `${signed(low)} to ${signed(high)}`,
      p === null ? "-" : p.toFixed(4),
    ];
  };
  const titles = ["first", "second", "difference", `${100 * confidence}% interval`, "p"];
  return [
    `first:  ${first}`,
    `second: ${second}`,
    `${rows} rows of ${source}; ${samples} samples`,
    "",
    textTable([
      ["", ...titles],
      ...Object.entries(figureTitles).map(([name, title]) =>
        line(title, figures[name as keyof typeof figureTitles]),
      ),
    ]),
    "",
    textTable([["F1", ...titles], ...labels.map((label) => line(label.name, label))]),
    "",
    "p: how often exchanging the runs' decisions at random gives as large a difference; those of labels are corrected for their number.",
  ].join("\n");
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(4)}`;
}
