// `tagformer train`
import type { Command } from "commander";
import { checkDataset, formatFindings } from "../data/check.js";
import type { Dataset } from "../data/dataset.js";
import { TagformerError } from "../errors.js";
import { classificationReport } from "../evaluation/report.js";
import { trainingOptions } from "../options.js";
import { Trainer } from "../trainer.js";
import type { EndEvent, EpochEvent, StartEvent, StepEvent, TrainingEvent } from "../training/events.js";
import type { ModelSource } from "../training/prepare.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { ProgressBar } from "./progress.js";
import { ensureSetUp } from "./setup.js";
import { duration, interruption, note, print, printJson } from "./terminal.js";

interface TrainFlags extends DataFlags {
  readonly model?: string;
  readonly fromConfig?: string;
  readonly tokenizer?: string;
  readonly output: string;
  readonly validation?: string;
  readonly json?: boolean;
}

/** Exit status after Ctrl-C, as shells use it. */
const interrupted = 130;

export function addTrainCommand(root: Command): void {
  const command = root
    .command("train <data>")
    .description("fine-tune a model on a table of texts and labels (.csv, .tsv or .jsonl)")
    .option("--model <dir>", "model directory to start from (Hugging Face's layout)")
    .option("--from-config <file>", "config.json of a fresh random model, instead of --model")
    .option("--tokenizer <dir>", "tokenizer directory, with --from-config (default: beside the config)")
    .requiredOption("--output <dir>", "model directory to write")
    .option("--validation <file>", "table to validate on (default: a part of <data>)");
  addDataFlags(command);
  addFlags(command, trainingOptions)
    .option("--json", "print one JSON document when the run is over")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer train tickets.csv --model ./bert-base-uncased --output ./tickets-model\n",
    )
    .action(train);
}

async function train(data: string, flags: TrainFlags): Promise<void> {
  const source = modelSource(flags);
  await ensureSetUp();
  const { dataset } = await readData(data, flags);
  requireUsable(dataset);
  // The same labels in the same order, whatever else that table holds.
  const labels = [...dataset.labelNames];
  const validation = flags.validation && (await readData(flags.validation, { ...flags, labels })).dataset;
  const trainer = new Trainer({
    ...source,
    ...takeFlags(trainingOptions, flags as unknown as Record<string, unknown>),
    train: dataset,
    ...(validation && { validation }),
    output: flags.output,
  });
  const display = new TrainingDisplay();
  const epochs: EpochEvent[] = [];
  for await (const event of trainer.run(interruption())) {
    display.show(event);
    if (event.type === "epoch") epochs.push(event);
    if (event.type === "end") finish(event, epochs, flags.json ?? false);
  }
}

/** Shows what was found in a dataset, and stops where it cannot be trained on. */
function requireUsable(dataset: Dataset): void {
  const check = checkDataset(dataset);
  for (const line of formatFindings(check)) note(line);
  const errors = check.findings.filter(({ severity }) => severity === "error").length;
  if (errors === 0) return;
  throw new TagformerError(
    "INVALID_DATA",
    `${dataset.source} cannot be trained on; see the ${errors} errors above`,
  );
}

function modelSource({ model, fromConfig, tokenizer }: TrainFlags): ModelSource {
  if (model !== undefined && fromConfig === undefined && tokenizer === undefined) return { model };
  if (fromConfig !== undefined && model === undefined) return { config: fromConfig, tokenizer };
  throw new TagformerError(
    "INVALID_OPTION",
    "give either --model DIR, or --from-config FILE with --tokenizer DIR for a fresh random model",
  );
}

function finish(end: EndEvent, epochs: readonly EpochEvent[], json: boolean): void {
  if (json) {
    printJson({ ...end, epochs });
  } else {
    const best = epochs.find(({ epoch }) => epoch === end.bestEpoch)?.validation;
    if (best) print(`\nValidation, epoch ${end.bestEpoch}:\n\n${classificationReport(best)}`);
    print(describeEnd(end));
  }
  if (end.reason === "stopped") process.exitCode = interrupted;
}

function describeEnd({ reason, directory, bestEpoch, lastDirectory }: EndEvent): string {
  const stopped = reason === "stopped" ? "Stopped. " : "";
  const what =
    bestEpoch === undefined ? "The weights of the last step are" : `The model of epoch ${bestEpoch} is`;
  const last = lastDirectory ? ` The weights of the last step are in ${lastDirectory}.` : "";
  return `${stopped}${what} in ${directory}.${last}`;
}

/** Shows a run on stderr while it goes on. */
export class TrainingDisplay {
  #start: StartEvent | undefined;
  #bar: ProgressBar | undefined;
  #tokens = 0;
  #rows = 0;
  #loss = 0;
  #started = 0;

  show(event: TrainingEvent): void {
    switch (event.type) {
      case "start":
        this.#start = event;
        for (const line of describeStart(event)) note(line);
        break;
      case "step":
        this.#showStep(event);
        break;
      case "validation":
        this.#switchTo(`epoch ${event.epoch} validation`, event.totalRows);
        this.#bar?.update(event.rows, `${event.rows} rows`);
        break;
      case "epoch":
        this.#switchTo("", 0);
        note(describeEpoch(event));
        break;
      case "end":
        this.#switchTo("", 0);
    }
  }

  #title = "";

  /** Ends the present bar and begins another; none for an empty title. */
  #switchTo(title: string, total: number): void {
    if (title === this.#title) return;
    this.#bar?.stop();
    this.#title = title;
    this.#bar = title === "" ? undefined : new ProgressBar(title, total);
    this.#tokens = 0;
    this.#rows = 0;
    this.#loss = Number.NaN;
    this.#started = performance.now();
  }

  #showStep(event: StepEvent): void {
    const start = this.#start!;
    this.#switchTo(`epoch ${event.epoch}/${start.epochs}`, start.trainingRows);
    this.#rows += event.rows;
    this.#tokens += event.tokens;
    // A running mean over about twenty steps: single losses jump too much to read.
    this.#loss = Number.isNaN(this.#loss) ? event.loss : 0.95 * this.#loss + 0.05 * event.loss;
    const seconds = Math.max(1e-3, (performance.now() - this.#started) / 1000);
    const rates = `${(this.#rows / seconds).toFixed(0)} rows/s  ${(this.#tokens / seconds).toFixed(0)} tokens/s`;
    this.#bar?.update(this.#rows, `${rates}  loss ${this.#loss.toFixed(4)}`);
  }
}

function describeStart(start: StartEvent): string[] {
  const lines = [
    `${start.trainingRows} rows to train on, ${start.validationRows} to validate on, ${start.labels.length} labels: ${start.labels.join(", ")}`,
    `${(start.parameters / 1e6).toFixed(1)} million weights, ${start.steps} steps in ${start.epochs} epochs, texts of up to ${start.maxLength} tokens (${start.truncatedTexts} were longer and are cut)`,
  ];
  if (start.headReset) lines.push("the model's head was made for other labels; a fresh one replaces it");
  return lines;
}

function describeEpoch({ epoch, trainingLoss, validation, best, seconds }: EpochEvent): string {
  const figures = validation
    ? `, validation loss ${validation.loss?.toFixed(4)}, micro-F1 ${validation.micro.f1.toFixed(4)}, subset accuracy ${validation.subsetAccuracy.toFixed(4)}`
    : "";
  return `epoch ${epoch}: loss ${trainingLoss.toFixed(4)}${figures}${best ? " (best)" : ""}, ${duration(seconds)}`;
}
