// `tagformer train`
import type { Command } from "commander";
import { invalidData, invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { shellQuoted } from "../base/typed.js";
import { checkReadable } from "../data/bytes.js";
import { checkDataset, formatFindings } from "../data/check.js";
import type { Dataset } from "../data/dataset.js";
import { findLaunch } from "../distributed/launch.js";
import { partOfParent } from "../distributed/processes.js";
import { checkpointOptions } from "../options/checkpoints.js";
import { distributedOptions } from "../options/distributed.js";
import { requireEffect } from "../options/effect.js";
import { withPreset } from "../options/presets.js";
import { trainingOptions } from "../options/training.js";
import type { EndEvent, EpochEvent, StartEvent } from "../training/events.js";
import { modelSource } from "../training/prepare.js";
import { Trainer } from "../training/trainer.js";
import { type CutTexts, noteCutTexts } from "./cut-texts.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, parseCount, takeFlags } from "./flags.js";
import { localModel, modelHelp } from "./model.js";
import { ensureSetUp } from "./setup.js";
import { abortOnInterrupt, keepQuiet, note, print, printJson } from "./terminal.js";
import { isRestarted, trainInProcesses } from "./train-processes.js";
import { TrainingDisplay } from "./training-display.js";
import { describeResult } from "./training-result.js";

interface TrainFlags extends DataFlags {
  readonly model?: string;
  readonly fromConfig?: string;
  readonly output: string;
  readonly validation?: string;
  readonly test?: string;
  readonly json?: boolean;
  readonly processes?: number;
  readonly distributed?: string;
  readonly maxRestarts: number;
}

export function addTrainCommand(root: Command): void {
  const command = root
    .command("train <data>")
    .description("fine-tune a model on a table of texts and labels (.csv, .tsv or .jsonl)")
    .option("--model <dir|name>", `${modelHelp}, to start from`)
    .option("--from-config <file>", "config.json of a new model with random weights, instead of --model")
    .requiredOption("--output <dir>", "model directory to write")
    .option("--validation <file>", "table to validate on (default: a part of <data>)")
    .option("--test <file>", "table to judge the finished model on, once (default: --test-split of <data>)");
  addDataFlags(command);
  addFlags(command, trainingOptions);
  addFlags(command, checkpointOptions);
  addFlags(command, distributedOptions)
    .option(
      "--processes <n>",
      "train in n processes of this machine, each with a GPU or its part of the cores",
      parseCount,
    )
    .option(
      "--max-restarts <n>",
      "with --processes: how often all are started again after one failed, each time from the last checkpoint",
      parseCount,
      0,
    )
    .option("--json", "print one JSON document when the run is over")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer train tickets.csv --model google-bert/bert-base-uncased --output ./tickets-model\n",
    )
    .action(train);
}

async function train(data: string, flags: TrainFlags): Promise<void> {
  const given = modelSource({ model: flags.model, config: flags.fromConfig }, expectedSource);
  const options = takeFlags(trainingOptions, flags as unknown as Record<string, unknown>);
  const resolved = parseOptions(trainingOptions, withPreset(options)); // before a large table is read
  requireEffect(options, resolved, {
    validation: flags.validation !== undefined,
    test: flags.test !== undefined,
  });
  const checkpoints = takeFlags(checkpointOptions, flags as unknown as Record<string, unknown>);
  parseOptions(checkpointOptions, checkpoints);
  for (const file of [data, flags.validation ?? [], flags.test ?? []].flat()) await checkReadable(file);
  await ensureSetUp();
  const distributed = takeFlags(distributedOptions, flags as unknown as Record<string, unknown>);
  const { distributed: launcher } = parseOptions(distributedOptions, distributed);
  if (flags.processes !== undefined && partOfParent() === null) {
    process.exitCode = await trainInProcesses(processesOf(flags), flags.maxRestarts);
    return;
  }
  const isFirst = (findLaunch(launcher)?.rank ?? 0) === 0;
  if (!isFirst) keepQuiet();
  const source = given.model !== undefined ? { model: await localModel(given.model) } : given;
  const { dataset } = await readData(data, flags);
  requireUsable(dataset);
  // The same labels in the same order, whatever else that table holds.
  const labels = [...dataset.labelNames];
  const readOther = async (file: string) =>
    (await readData(file, { ...flags, labels }, { labelsOf: dataset.source })).dataset;
  const validation = flags.validation && (await readOther(flags.validation));
  const test = flags.test && (await readOther(flags.test));
  const trainer = new Trainer({
    ...source,
    ...options,
    ...checkpoints,
    ...(isRestarted() && { resume: true }),
    ...distributed,
    train: dataset,
    ...(validation && { validation }),
    ...(test && { test }),
    output: flags.output,
  });
  const display = new TrainingDisplay();
  const epochs: EpochEvent[] = [];
  let start: StartEvent | undefined;
  let end: EndEvent | undefined;
  const controller = new AbortController();
  const interruption = abortOnInterrupt(controller, () => (start ? "stopping after this step" : "stopping"));
  try {
    for await (const event of trainer.events({ signal: controller.signal })) {
      if (event.type === "start") start = event;
      display.show(event);
      if (event.type === "epoch") epochs.push(event);
      if (event.type === "end") end = event;
    }
  } catch (error) {
    if (error !== controller.signal.reason) throw error;
    process.exitCode = interruption.status; // before the first step: there is nothing to keep
  } finally {
    display.close();
  }
  if (!isFirst) {
    if (end?.reason === "stopped") process.exitCode = interruption.status;
    return;
  }
  if (end && flags.json) printJson({ ...end, epochs });
  if (!start || !end) return;
  if (!flags.json)
    print(describeResult(start, epochs, end, resolved, commandWithoutOptions(process.argv.slice(2))));
  noteCheckpoints(end);
  if (end.reason === "stopped") process.exitCode = interruption.status;
  noteCutTexts(cutTextsOfRun(start));
}

/** The arguments of this command that say what is trained on and where to, without those that {@link StartEvent.repeatWith} has. */
function commandWithoutOptions(given: readonly string[]): string {
  const shape = { ...trainingOptions.shape, ...checkpointOptions.shape };
  const [switches, withValue] = [new Set<string>(), new Set<string>()];
  for (const [option, schema] of Object.entries(shape)) {
    const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (schema.safeParse(true).success) switches.add(`--${name}`).add(`--no-${name}`);
    else withValue.add(`--${name}`);
  }
  const kept = given.filter((argument, i) => {
    const name = argument.replace(/=.*/, "");
    return !switches.has(name) && !withValue.has(name) && !withValue.has(given[i - 1] ?? "");
  });
  return ["tagformer", ...kept.map(shellQuoted)].join(" ");
}

/** @throws TagformerError `INVALID_OPTION` */
function processesOf({ processes, distributed }: TrainFlags): number {
  if (processes === undefined || processes < 2)
    throw invalidOption(`--processes is ${processes}; expected a number from 2`);
  if (distributed === undefined || distributed === "auto") return processes;
  throw invalidOption(
    `--processes starts processes itself, and --distributed ${distributed} looks for those of a launcher: leave one of them out`,
  );
}

/** Exit status of a run that is whole, but of which no checkpoint could be written: it would have been lost. */
const unsavedStatus = 3;

function noteCheckpoints({ reason, checkpointProblem }: EndEvent): void {
  if (checkpointProblem !== undefined) {
    process.exitCode = unsavedStatus;
    note(`warning: no checkpoint of this run could be written (${checkpointProblem})`);
  } else if (reason === "stopped") {
    note("the same command with --resume goes on");
  }
}

function cutTextsOfRun({
  trainingRows,
  validationRows,
  testRows,
  cutTexts,
  maxLength,
}: StartEvent): CutTexts {
  return { texts: trainingRows + validationRows + testRows, cut: cutTexts, maxLength };
}

/** How {@link formatFindings} begins a line about what makes a training impossible. */
const expectedSource =
  "give either --model with a directory, a name on the hub or a TorchScript file, or --from-config FILE for a fresh random model";

const errorMark = "error: ";

/** Shows what was found in a dataset, and stops where it cannot be trained on. */
function requireUsable(dataset: Dataset): void {
  const lines = formatFindings(checkDataset(dataset));
  const errors = lines
    .filter((line) => line.startsWith(errorMark))
    .map((line) => line.slice(errorMark.length));
  for (const line of lines) if (!line.startsWith(errorMark)) note(line);
  if (errors.length === 0) return;
  throw invalidData(`${dataset.source} cannot be trained on: ${errors.join("; ")}`);
}
