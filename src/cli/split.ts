// `tagformer split`
import type { Command } from "commander";
import { parseOptions } from "../base/parse-options.js";
import type { Dataset } from "../data/dataset.js";
import { foldsWithTest, trainValidationTestSplit } from "../data/parts.js";
import { describeShortfalls, type Split } from "../data/split.js";
import { formatFolds, formatSplit } from "../data/split-file.js";
import { splitOptions } from "../options/training.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { writeOutput } from "./output.js";
import { note, printJson } from "./terminal.js";
import { textTable } from "./text-table.js";

interface SplitFlags extends DataFlags {
  readonly out?: string;
  readonly labelFile?: string;
  readonly json?: boolean;
}

export function addSplitCommand(root: Command): void {
  const command = root
    .command("split <data>")
    .description(
      "split a table into rows to train on, to validate on and to test on, or into folds, and write their ids as CSV",
    )
    .option("--out <file>", "CSV file to write, for train --split-file (default: standard output)")
    .option(
      "--label-file <file>",
      "table with the labels, joined by id; rows without any label are left out",
    );
  addDataFlags(command);
  addFlags(command, splitOptions)
    .option("--json", "print one JSON document with the positives on each side; with --out")
    .addHelpText("after", "\nExample:\n  tagformer split tickets.csv --folds 5 --out folds.csv\n")
    .action(split);
}

async function split(data: string, flags: SplitFlags): Promise<void> {
  const given = takeFlags(splitOptions, flags as unknown as Record<string, unknown>);
  const options = parseOptions(splitOptions, given);
  const { dataset } = await readData(data, flags, { labelFile: flags.labelFile });
  const { validationSplit: validation, testSplit: test, folds } = options;
  const how = { seed: options.seed, method: options.splitMethod, byText: options.splitByText };
  const splits =
    folds > 0
      ? foldsWithTest(dataset, { folds, test, ...how })
      : [trainValidationTestSplit(dataset, { validation, test, ...how })];
  const asked = { validation: folds > 0 ? undefined : validation, test };
  for (const shortfall of describeShortfalls(splits[0]!, asked)) note(`warning: ${shortfall}`);
  const table = folds > 0 ? formatFolds(dataset, splits) : formatSplit(dataset, splits[0]!);
  const parts = describeParts(dataset, splits);
  if (flags.json) printJson({ out: flags.out ?? null, options, parts });
  else note(describe(parts, dataset.labelNames));
  if (flags.out !== undefined || !flags.json) await writeOutput(flags.out, (write) => write(table));
}

interface Part {
  readonly name: string;
  readonly rows: number;
  /** Positives of each label. */
  readonly positives: readonly number[];
}

function describeParts(dataset: Dataset, splits: readonly Split[]): Part[] {
  const { train, validation, test } = splits[0]!;
  const choosing =
    splits.length > 1
      ? splits.map((fold, i) => partOf(dataset, `fold ${i + 1}`, fold.validation))
      : [partOf(dataset, "train", train), partOf(dataset, "validation", validation)];
  return test ? [...choosing, partOf(dataset, "test", test)] : choosing;
}

function partOf({ labels, labelNames }: Dataset, name: string, rows: Int32Array): Part {
  const width = labelNames.length;
  const positives = labelNames.map((_, i) =>
    rows.reduce((sum, row) => sum + Number(labels[row * width + i]! > 0.5), 0),
  );
  return { name, rows: rows.length, positives };
}

/** A line for each label, however many there are, and a column for each part. */
function describe(parts: readonly Part[], labelNames: readonly string[]): string {
  const line = (name: string, of: (part: Part) => number) => [name, ...parts.map((part) => String(of(part)))];
  return textTable([
    ["", ...parts.map(({ name }) => name)],
    line("rows", ({ rows }) => rows),
    ...labelNames.map((name, i) => line(name, (part) => part.positives[i]!)),
  ]);
}
