// What `tagformer train` shows while it goes on.

import { count, counted } from "../base/counted.js";
import { showOnOneLine } from "../data/column-names.js";
import type {
  CheckpointFailedEvent,
  EpochEvent,
  ResumedEvent,
  SearchEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  TrialEndEvent,
} from "../training/events.js";
import { ProgressBar } from "./progress.js";
import { duration, note } from "./terminal.js";

/** Shows a run on stderr while it goes on: a bar for each epoch, with the time until the whole run is over. */
export class TrainingDisplay {
  #start: StartEvent | undefined;
  #title = "";
  #bar: ProgressBar | undefined;
  #rows = 0;
  /** Rows of the first epoch shown that were trained on before the run was interrupted. */
  #resumedRows = 0;
  #loss = 0;
  #saidShort = false;

  /** Takes every event of a run, in order. */
  show(event: TrainingEvent): void {
    switch (event.type) {
      case "start":
        this.#start = event;
        for (const line of describeStart(event)) note(line);
        break;
      case "search":
        for (const line of describeSearch(event)) note(line);
        break;
      case "trial":
        this.#switchTo(`trial of ${event.learningRate}`, event.steps - event.from);
        this.#bar?.update(event.step - event.from, "");
        break;
      case "trialEnd":
        this.close();
        note(describeTrial(event));
        break;
      case "resumed":
        note(describeResumed(event));
        this.#resumedRows = event.rowsInEpoch;
        break;
      case "checkpointFailed":
        this.close();
        note(describeFailure(event));
        break;
      case "step":
        this.#showStep(event);
        break;
      case "validation":
      case "test":
        this.#switchTo(`epoch ${event.epoch} ${event.type}`, event.totalRows);
        this.#bar?.update(event.rows, `${event.rowsPerSecond.toFixed(0)} rows/s`, event.secondsLeft);
        break;
      case "epoch":
        this.close();
        note(describeEpoch(event, this.#start!.objective));
        break;
      case "end":
        this.close();
        for (const line of event.notes) note(event.reason === "already finished" ? line : `warning: ${line}`);
        break;
    }
  }

  /** Ends the present bar, if there is one; whatever is written next begins on a line of its own. */
  close(): void {
    this.#switchTo("", 0);
  }

  /** Ends the present bar and begins another; none for an empty title. */
  #switchTo(title: string, total: number): void {
    if (title === this.#title) return;
    this.#bar?.stop();
    this.#title = title;
    this.#bar = title === "" ? undefined : new ProgressBar(title, total);
    this.#rows = 0;
    this.#loss = Number.NaN;
  }

  /** Once a run: every step of long texts may be short of memory. */
  #sayShort({ step, extraParts }: StepEvent): void {
    this.#saidShort = true;
    const parts = counted(extraParts, "more part");
    note(
      `memory was short: step ${step} was computed in ${parts}, with the same gradient; --gradient-accumulation avoids the failed attempts`,
    );
  }

  #showStep(event: StepEvent): void {
    const start = this.#start!;
    this.#switchTo(`epoch ${event.epoch}/${start.epochs}`, start.trainingRows);
    this.#rows += event.rows + this.#resumedRows;
    this.#resumedRows = 0;
    // A running mean over about twenty steps: single losses jump too much to read.
    this.#loss = Number.isNaN(this.#loss) ? event.loss : 0.95 * this.#loss + 0.05 * event.loss;
    const rates = `${event.rowsPerSecond.toFixed(0)} rows/s  ${event.tokensPerSecond.toFixed(0)} tokens/s`;
    if (event.extraParts > 0 && !this.#saidShort) this.#sayShort(event);
    this.#bar?.update(this.#rows, `${rates}  loss ${this.#loss.toFixed(4)}`, event.secondsLeft);
  }
}

function describeSearch(event: SearchEvent): string[] {
  const { budgetSteps, seconds, learningRates, shortSteps, longSteps, steps, epochs } = event;
  const time = seconds === null ? "" : `, about ${duration(seconds)}`;
  const budget = `budget: ${counted(budgetSteps, "step")}${time}, for a run of ${counted(steps, "step")} (${epochs} epochs), its trials and validations${event.isGiven ? "" : " (--budget MINUTES gives another)"}`;
  if (learningRates.length < 2) return [budget];
  return [
    budget,
    `${learningRates.length} learning rates from ${learningRates[0]} to ${learningRates.at(-1)} are tried for ${counted(shortSteps, "step")} each, the best two for ${longSteps}`,
  ];
}

function describeTrial({ learningRate, steps, figures }: TrialEndEvent): string {
  const found = figures
    ? `cross-entropy ${shown(figures.loss)}, average precision ${shown(figures.averagePrecision)}`
    : "the loss was not finite";
  return `learning rate ${learningRate}, ${counted(steps, "step")}: ${found}`;
}

function describeChoices({ choices }: StartEvent): string[] {
  return choices.map(({ option, value, reason }) => `decided: ${option} ${value} (${reason})`);
}

function describeResumed({ step, steps, epoch, lostSteps, lostSeconds }: ResumedEvent): string {
  const lost = lostSteps === 0 ? "nothing lost" : `${roughly(lostSeconds)} lost`;
  return `resumed at step ${count(step)} of ${count(steps)} (epoch ${epoch}), ${lost}`;
}

function describeFailure({ problem, lastSavedSeconds }: CheckpointFailedEvent): string {
  const last =
    lastSavedSeconds === undefined
      ? "there is none yet from which this run could be resumed"
      : `the last good one is ${roughly(lastSavedSeconds)} old`;
  return `warning: a checkpoint could not be written (${problem}); ${last}. The training goes on, and tries again`;
}

/** 12 minutes, or 40 seconds. */
function roughly(seconds: number): string {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : [seconds / 60, "minute"];
  const whole = Math.round(value);
  return counted(whole, unit);
}

function describeStart(start: StartEvent): string[] {
  const lines = [
    `${counted(start.trainingRows, "row")} to train on, ${start.validationRows} to validate on, ${start.testRows > 0 ? `${start.testRows} to test on, ` : ""}${counted(start.labels.length, "label")}: ${namesOf(start.labels)}`,
    `${(start.parameters / 1e6).toFixed(1)} million weights, ${counted(start.steps, "step")} in ${counted(start.epochs, "epoch")}, texts of up to ${start.maxLength} tokens${describeLonger(start)}`,
  ];
  if (start.headReset) lines.push("the model's head was made for other labels; a fresh one replaces it");
  return [...lines, ...describeChoices(start), ...start.notes];
}

function describeLonger({ truncatedTexts: longer, cutTexts: cut }: StartEvent): string {
  if (longer === 0) return "";
  const [were, are] = longer === 1 ? ["was", "is"] : ["were", "are"];
  if (cut === longer) return ` (${longer} ${were} longer and ${are} cut)`;
  return ` (${longer} ${were} longer and ${are} read in windows${cut > 0 ? `, of which ${cut} are cut` : ""})`;
}

/** Losses by their names: the one while training has dropout and weights that change, and is no figure of a model. */
function describeEpoch(event: EpochEvent, objective: string): string {
  const { epoch, trainingLoss, validation, seconds } = event;
  const losses =
    objective === crossEntropy
      ? `cross-entropy ${shown(validation?.loss)}`
      : `${objective} ${shown(event.objective)}, cross-entropy ${shown(validation?.loss)}`;
  const figures = validation
    ? `; validation: ${losses}, micro-F1 ${shown(validation.micro.f1)}, subset accuracy ${shown(validation.subsetAccuracy)}`
    : "";
  const verdict = [...(event.best ? ["best so far"] : []), ...(event.kept ? ["kept"] : [])].join(", ");
  return `epoch ${epoch}: training ${objective} ${shown(trainingLoss)}${figures}${verdict && ` (${verdict})`}, ${duration(seconds)}`;
}

const crossEntropy = "cross-entropy";

function shown(figure: number | null | undefined): string {
  return figure?.toFixed(4) ?? "-";
}

/** Names that a line lists at most. */
const listedNames = 30;

function namesOf(labels: readonly string[]): string {
  const listed = labels.slice(0, listedNames).map(showOnOneLine).join(", ");
  return labels.length > listedNames ? `${listed}, ... (the model's config.json lists all)` : listed;
}
