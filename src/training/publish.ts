// What a run leaves on the disk: the model of the epoch that is kept, the weights of a run that was stopped, card and report.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { formatSplit } from "../data/split-file.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Tuning } from "../evaluation/tuning.js";
import { baselineDirectory, lastDirectory } from "../model/file-names.js";
import type { DirectoryLock } from "../model/lock.js";
import { holdsFinishedModel, type ModelToSave, saveModelDirectory } from "../model/save.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { type Choice, repeatingFlags } from "./auto/choice.js";
import type { RunBaseline } from "./baseline.js";
import { type Conclusion, concludeRun, noConclusion } from "./conclude.js";
import type { EndEvent } from "./events.js";
import type { PreparedRun } from "./prepare.js";
import { cardOf, type RunRecord, storedPredictions, writeReport } from "./run-record.js";
import { type EpochPredictions, noPredictions, type RunState } from "./state.js";
import { StepLog } from "./step-log.js";
import { storedTexts } from "./texts.js";

interface PublisherParts {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  /** The model directory to write, as the user named it. */
  readonly output: string;
  /** `null` in a process that writes nothing: another rank does. */
  readonly lock: DirectoryLock | null;
  /** The bag of words that is fitted meanwhile, or why there is none; `null` where none is wanted. */
  readonly baseline: Promise<RunBaseline | string> | null;
  /** What it remembered when the run was interrupted; absent at its begin. */
  readonly memory?: { readonly steps: Float64Array; readonly kept: EpochPredictions } | undefined;
  /** What was decided for the user. */
  readonly choices: readonly Choice[];
}

/** Writes the output directory of a run, whose lock it has. */
export class Publisher {
  readonly #prepared: PreparedRun;
  readonly #options: ResolvedTrainingOptions;
  readonly #output: string;
  readonly #lock: DirectoryLock | null;
  readonly #baseline: PublisherParts["baseline"];
  readonly #choices: readonly Choice[];
  /** The figures of all steps. */
  readonly steps: StepLog;
  /** Of the epoch that is kept. */
  #kept: EpochPredictions;

  constructor({ prepared, options, output, lock, baseline, memory, choices }: PublisherParts) {
    this.#choices = choices;
    this.#prepared = prepared;
    this.#options = options;
    this.#output = output;
    this.#lock = lock;
    this.#baseline = baseline;
    this.steps = StepLog.of(memory?.steps ?? new Float64Array());
    this.#kept = memory?.kept ?? noPredictions;
  }

  /** What the epoch that is kept said about the rows held back. */
  get kept(): EpochPredictions {
    return this.#kept;
  }

  /** What is to be known about the output directory, in a sentence each. */
  get notes(): string[] {
    const weakness = this.#lock?.weakness ?? null;
    return weakness === null ? [] : [`no second run is kept out of ${this.#output}: ${weakness}`];
  }

  get #held(): DirectoryLock {
    if (this.#lock === null) throw new Error("the output directory is another process's to write");
    return this.#lock;
  }

  /** Saves the model of the epoch that is kept from now on. */
  async keep(state: RunState, predictions: EpochPredictions): Promise<void> {
    this.#kept = predictions;
    const { keptEpoch } = state.ranking;
    const { validation, test } = this.#prepared;
    // That of an earlier model is no part of this one.
    await rm(join(this.#output, baselineDirectory), { recursive: true, force: true });
    await this.#saveOutput(state, {
      tagformer: { epoch: keptEpoch, ...this.#testFigures() },
      validation: storedPredictions(validation, predictions.validationLogits),
      test: storedPredictions(test, predictions.test?.logits),
    });
  }

  /**
   * Saves the present weights where they replace no finished model: in the output directory, or in `last` inside it when it
   * holds one, of this run or of an earlier one.
   *
   * @returns where they are
   */
  async saveLast(state: RunState): Promise<string> {
    if (state.savedStep === state.steps) return this.#output;
    const content = { tagformer: { stoppedAtStep: state.steps } };
    if (!(await holdsFinishedModel(this.#output))) {
      await this.#saveOutput(state, content);
      return this.#output;
    }
    const last = join(this.#output, lastDirectory);
    await saveModelDirectory(last, this.#modelToSave(state, content));
    return last;
  }

  /** Draws the report, and tells what the run has left. */
  async finish(state: RunState, reason: EndEvent["reason"]): Promise<EndEvent> {
    const last = join(this.#output, lastDirectory);
    const saved = reason === "stopped" ? await this.saveLast(state) : this.#output;
    // Of an earlier process of this run: what was saved of others is gone with their model.
    if (reason !== "stopped") await rm(last, { recursive: true, force: true });
    const { keptEpoch } = state.ranking;
    // The page of this run must not stand beside the model of another.
    const beside = keptEpoch === null ? saved : this.#output;
    const found = reason === "stopped" || keptEpoch === null ? noConclusion : await this.#conclude();
    const report = this.#options.report ? await writeReport(this.#record(state, found), beside) : undefined;
    return {
      type: "end",
      reason,
      directory: this.#output,
      ...(report !== undefined && { report }),
      ...(keptEpoch !== null && { keptEpoch }),
      ...this.#testFigures(),
      ...(found.tuning && { tuning: found.tuning }),
      ...(found.baseline && { baseline: found.baseline }),
      ...(saved !== this.#output && { lastDirectory: saved }),
      notes: [...found.notes, ...this.#endNotes(state, found)],
    };
  }

  async #conclude(): Promise<Conclusion> {
    const [prepared, options, output] = [this.#prepared, this.#options, this.#output];
    const concludes = options.thresholds || options.hierarchy !== undefined;
    if (!concludes && this.#baseline === null) return noConclusion;
    const baseline = await this.#baseline;
    return await concludeRun({ prepared, options, output, lock: this.#held, kept: this.#kept, baseline });
  }

  #endNotes({ history, ranking }: RunState, { tuning }: Conclusion): string[] {
    const kept = history.find(({ epoch }) => epoch === ranking.keptEpoch)?.validation;
    if (kept === undefined || givesLabels(kept)) return [];
    const isSearched = this.#choices.some(({ option }) => option === "learningRate");
    return [noLabelReached(this.#options, tuning, this.#output, isSearched)];
  }

  #testFigures(): { test?: TestFigures } {
    const { test } = this.#kept;
    return test === undefined ? {} : { test: { metrics: test.metrics, intervals: test.intervals } };
  }

  async #saveOutput(state: RunState, content: Content): Promise<void> {
    await saveModelDirectory(this.#output, this.#modelToSave(state, content), { lock: this.#held });
    state.savedStep = state.steps;
  }

  #modelToSave(state: RunState, { tagformer, validation, test }: Content): ModelToSave {
    const { model, tokenizer, config, training, split, texts, ...prepared } = this.#prepared;
    return {
      config,
      classifierClass: model.info.classifierClass,
      labelNames: training.dataset.labelNames,
      tagformer: {
        options: { ...this.#options, maxLength: prepared.maxLength },
        ...(this.#choices.length > 0 && {
          choices: this.#choices,
          repeatWith: repeatingFlags(this.#options),
        }),
        data: training.dataset.source,
        ...(prepared.validation && { validationData: prepared.validation.dataset.source }),
        ...(prepared.test && { testData: prepared.test.dataset.source }),
        texts: storedTexts(texts),
        ...tagformer,
        trainedAt: new Date().toISOString(),
        history: state.history,
      },
      split: split && formatSplit(training.dataset, split),
      validation,
      test,
      card: cardOf(this.#record(state)),
      writeTokenizer: (folder) => tokenizer.writeFiles(folder, prepared.maxLength),
      writeWeights: (file) => model.save(file),
    };
  }

  #record(
    { history, ranking, resumedAfter }: RunState,
    { tuning, baseline }: Conclusion = noConclusion,
  ): RunRecord {
    return {
      prepared: this.#prepared,
      options: this.#options,
      output: this.#output,
      choices: this.#choices,
      steps: this.steps,
      epochs: history,
      resumedAfter,
      keptEpoch: ranking.keptEpoch ?? undefined,
      keptLogits: this.#kept.validationLogits,
      test: this.#kept.test,
      tuning,
      baseline,
    };
  }
}

interface Content extends Pick<ModelToSave, "tagformer" | "validation" | "test"> {}

function givesLabels({ labels }: Evaluation): boolean {
  return labels.some(({ truePositives, falsePositives }) => truePositives + falsePositives > 0);
}

/** What to do about a model none of whose probabilities is above 0.5. */
function noLabelReached(
  { learningRate, epochs }: ResolvedTrainingOptions,
  tuning: Tuning | null,
  output: string,
  isSearched: boolean,
): string {
  const rate = `--learning-rate ${Number((10 * learningRate).toPrecision(3))} (small models take ten times the rate of large ones)`;
  const more = `${isSearched ? "a larger --budget" : rate}, --epochs ${2 * epochs}, or --positive-weight counts`;
  const found = "no label of any validation row reaches a probability of 0.5";
  if (tuning !== null && givesLabels(tuning.tuned))
    return `${found}: the model has learned little, and gives labels only by its tuned thresholds, which are lower; train it again with ${more}`;
  return `${found}, so F1 is 0 and the model gives no label at all: train it again with ${more}, or lower the thresholds with \`tagformer thresholds --model ${output}\``;
}
