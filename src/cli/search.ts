// `tagformer search`: options of a training are varied, each configuration is trained by `tagformer train` in a process of its own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { counted } from "../base/counted.js";
import { makeDirectories } from "../base/directories.js";
import { invalidOption, messageOf } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { typedOptions } from "../base/typed.js";
import { writeWholeText } from "../base/whole-file.js";
import { checkReadable } from "../data/bytes.js";
import { isJsonObject } from "../model/json-file.js";
import { searchOptions } from "../options/search.js";
import { trainingOptions } from "../options/training.js";
import { metricNames } from "../report/choices.js";
import { searchPage } from "../report/search-page.js";
import { importances } from "../training/search/importance.js";
import {
  type Configuration,
  drawConfiguration,
  readRange,
  type SearchSpace,
} from "../training/search/space.js";
import { addDataFlags } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { modelHelp } from "./model.js";
import { comparedBy, type SearchResult, SearchRuns } from "./search-runs.js";
import { ensureSetUp } from "./setup.js";
import { print, printJson } from "./terminal.js";
import { textTable } from "./text-table.js";

interface SearchFlags {
  readonly output: string;
  readonly vary: readonly string[];
  readonly space?: string;
  readonly threads?: number;
  readonly device?: string;
  readonly epochs?: number;
  readonly json?: boolean;
}

/** Of a training, what stays as it is given; the others are the search's own. */
const fixedOptions = trainingOptions.omit({
  preset: true,
  budget: true,
  budgetSteps: true,
  seed: true,
  report: true,
  thresholds: true,
  baseline: true,
  bestMetric: true,
  keep: true,
});

export function addSearchCommand(root: Command): void {
  const command = root
    .command("search <data>")
    .description(
      "vary options of a training, and find the best configuration by asynchronous successive halving; the same command goes on after a kill",
    )
    .option("--model <dir|name>", `${modelHelp}, to start from`)
    .option("--from-config <file>", "config.json of a new model with random weights, instead of --model")
    .requiredOption("--output <dir>", "directory for results, table and page")
    .option("--validation <file>", "table to validate on (default: a part of <data>)")
    .option(
      "--vary <range>",
      "what to vary, several times: learning-rate=1e-5..1e-3, or loss=bce,focal",
      (range: string, before: readonly string[]) => [...before, range],
      [],
    )
    .option("--space <file>", 'the same as a JSON file: {"learningRate": "1e-5..1e-3", "loss": "bce,focal"}');
  addDataFlags(command);
  addFlags(command, searchOptions);
  addFlags(command, fixedOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer search tickets.csv --model ./minilm --output ./search --vary learning-rate=2e-5..1e-3 --vary batch-size=16,32\n",
    )
    .action(search);
}

async function search(data: string, flags: SearchFlags): Promise<void> {
  const options = parseOptions(searchOptions, takeFlags(searchOptions, { ...flags }));
  parseOptions(fixedOptions, takeFlags(fixedOptions, { ...flags }));
  const space = await readSpace(flags);
  await checkReadable(data);
  await ensureSetUp();
  await makeDirectories(flags.output);
  const fixed = fixedArguments(process.argv.slice(3));
  await requireSameSearch(flags.output, { space, seed: options.seed, fixed, comparedBy });
  const draw = (number: number) => drawConfiguration(space, options.seed, number);
  const runs = new SearchRuns({ ...flags, options, fixed, draw });
  const results = await runs.run();
  const best = runs.best();
  const command = best && `tagformer train ${[...fixed, ...argumentsOf(best.values)].join(" ")}`;
  await writeWholeText(
    join(flags.output, "search.html"),
    await searchPage(pageOf(results, runs, data, command)),
  );
  if (flags.json) printJson({ results, best, command });
  else print(describe(results, runs, flags.output, command));
}

async function readSpace({ vary, space: file }: SearchFlags): Promise<SearchSpace> {
  const ranges = [...vary];
  if (file !== undefined) ranges.push(...(await rangesOf(file)));
  if (ranges.length === 0)
    throw invalidOption(
      "nothing is varied: give --vary NAME=RANGE, such as --vary learning-rate=1e-5..1e-3, or --space FILE",
    );
  return Object.fromEntries(ranges.map(readRange));
}

async function rangesOf(file: string): Promise<string[]> {
  try {
    const space: unknown = JSON.parse(await readFile(file, "utf8"));
    if (!isJsonObject(space)) throw new Error("expected an object with a range for each option");
    return Object.entries(space).map(([name, range]) => `${name}=${range}`);
  } catch (error) {
    throw invalidOption(`--space ${file}: ${messageOf(error)}`);
  }
}

/** The arguments that every training gets: what is not of the search. */
function fixedArguments(given: readonly string[]): string[] {
  const own = new Set(
    ["output", "vary", "space", ...Object.keys(searchOptions.shape)].map((name) => `--${name}`),
  );
  return given.filter((argument, i) => {
    const before = given[i - 1] ?? "";
    return !own.has(before) && !own.has(argument.replace(/=.*/, "")) && argument !== "--json";
  });
}

/** A directory has the results of one search. */
async function requireSameSearch(output: string, asked: object): Promise<void> {
  const file = join(output, "search.json");
  const text = `${JSON.stringify(asked, null, 1)}\n`;
  const found = await readFile(file, "utf8").catch(() => null);
  if (found === null) return await writeWholeText(file, text);
  if (found === text) return;
  throw invalidOption(
    `${output} has the results of another search, with other ranges, options or another seed: choose another --output, or give what ${file} says`,
  );
}

function argumentsOf(values: Configuration): string[] {
  return typedOptions({ preset: "plain", ...values });
}

function pageOf(results: readonly SearchResult[], runs: SearchRuns, data: string, command: string | null) {
  return {
    data,
    rows: runs.ranking().map(({ values, means, trainings }) => ({ values, ...means, trainings })),
    importances: importances(judgedOf(results)),
    trainings: results.length,
    command,
  };
}

/** The trainings by which options are compared: those of equal, shortest length, of which there are most. */
function judgedOf(results: readonly SearchResult[]) {
  return results.flatMap(({ rung, seedNumber, figure, values }) =>
    rung === 0 && seedNumber === 0 && figure !== null ? [{ values, figure }] : [],
  );
}

function describe(
  results: readonly SearchResult[],
  runs: SearchRuns,
  output: string,
  command: string | null,
): string {
  if (command === null)
    return `None of ${counted(results.length, "training")} came to its end: what each said is in ${output}/logs.`;
  const names = Object.keys(results[0]!.values);
  const table = runs
    .ranking()
    .slice(0, 20)
    .map(({ values, means, trainings, share }) => [
      names.map((name) => `${name} ${values[name]}`).join(", "),
      ...[share, trainings].map(String),
      ...[means.averagePrecision, means.microF1, means.loss].map((value) => value.toFixed(4)),
    ]);
  const mattered = Object.entries(importances(judgedOf(results))).sort(([, a], [, b]) => b - a);
  return [
    "",
    textTable([
      ["configuration", "share of the length", "seeds", metricNames[comparedBy], "micro-F1", "loss"],
      ...table,
    ]),
    `\nWhat mattered (share of the differences that it explains): ${mattered.map(([name, share]) => `${name} ${share.toFixed(2)}`).join(", ")}.`,
    `\nThe best configuration:\n  ${command} --output DIR`,
    `\nThe page is ${join(output, "search.html")}. These validation rows have chosen it: only rows that had no part in it (--test) tell how good it is.`,
  ].join("\n");
}
