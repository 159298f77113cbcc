// What a run leaves for its readers: the model card, and a page of pictures.
import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { inspectRows } from "../data/inspection.js";
import { messageOf, TagformerError } from "../errors.js";
import { evaluationDetails } from "../evaluation/details.js";
import { worstMistakes } from "../evaluation/mistakes.js";
import { reportFile } from "../model/file-names.js";
import type { ResolvedTrainingOptions } from "../options.js";
import { modelCard } from "../report/card.js";
import { inspectionSections } from "../report/inspection-page.js";
import { type RunReport, trainingPage } from "../report/training-page.js";
import type { EpochEvent, StepEvent } from "./events.js";
import type { PreparedRun } from "./prepare.js";

/** Rows of the table of mistakes. */
const shownMistakes = 20;

/** What is known about a run. */
export interface RunRecord {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  /** The model directory. */
  readonly output: string;
  readonly steps: readonly StepEvent[];
  readonly epochs: readonly EpochEvent[];
  /** Of the validation rows, by the model that is kept. */
  readonly keptLogits: Float32Array | undefined;
}

/** The model card of a run. */
export function cardOf({ prepared, options, output, epochs }: RunRecord): string {
  const { training, baseModel, maxLength } = prepared;
  return modelCard({
    name: basename(output),
    labels: training.dataset.labelNames,
    baseModel,
    data: basename(training.dataset.source),
    trainingRows: training.origin.length,
    epochs: epochs.length,
    learningRate: options.learningRate,
    batchSize: options.batchSize,
    maxLength,
    validation: epochs.findLast(({ best }) => best)?.validation ?? null,
  });
}

/**
 * Draws the report of a run into its model directory, where it appears whole; returns its path.
 *
 * @throws TagformerError `IO`
 */
export async function writeReport(record: RunRecord): Promise<string> {
  const file = join(record.output, reportFile);
  const page = await trainingPage(await describeRun(record));
  const beside = `${file}.writing-${randomUUID()}`;
  try {
    await writeFile(beside, page, { flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new TagformerError("IO", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
  return file;
}

async function describeRun(record: RunRecord): Promise<RunReport> {
  const { prepared, options, output, steps, epochs } = record;
  const { training, validation, model } = prepared;
  const kept = validationOf(record);
  return {
    model: basename(output),
    data: training.dataset.source,
    trainingRows: training.origin.length,
    validationRows: validation?.origin.length ?? 0,
    parameters: model.info.parameters,
    options,
    steps,
    epochs,
    ...(kept && { validation: kept }),
    dataSections: await inspectionSections(inspectRows(training.dataset, null)),
  };
}

/** What the kept model says about the validation rows. */
function validationOf({ prepared, keptLogits }: RunRecord): RunReport["validation"] {
  const { validation } = prepared;
  if (!validation || !keptLogits) return undefined;
  const { tokens, dataset, origin } = validation;
  const scores = { logits: keptLogits };
  const mistakes = worstMistakes(scores, tokens.labels, dataset.labelNames, shownMistakes);
  return {
    details: evaluationDetails(scores, tokens.labels, dataset.labelNames),
    mistakes: mistakes.map(({ row, ...mistake }) => {
      const place = origin[row]!;
      return {
        row: place,
        ...mistake,
        place: dataset.lines ? `line ${dataset.lines[place]}` : `row ${place + 1}`,
        text: dataset.texts.at(place) ?? "",
      };
    }),
  };
}
