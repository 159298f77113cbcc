// What is told when a run starts.
import { counted } from "../base/counted.js";
import type { Dataset } from "../data/dataset.js";
import { describeShortfalls } from "../data/split.js";
import { contradictions, parentsOf } from "../evaluation/hierarchy.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { type Choice, repeatingFlags } from "./auto/choice.js";
import type { StartEvent } from "./events.js";
import type { RunLength } from "./length.js";
import { nameOfLoss } from "./loss.js";
import type { PreparedRun } from "./prepare.js";
import { fewTestRows, textWarnings } from "./texts.js";

interface StartingRun {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  readonly length: RunLength;
  readonly choices: readonly Choice[];
  /** What is to be said of its places on the disk; one sentence each. */
  readonly notes: readonly string[];
}

export function startEvent({ prepared, options, choices, length, notes }: StartingRun): StartEvent {
  const { model, training, validation, test, texts } = prepared;
  return {
    type: "start",
    trainingRows: training.origin.length,
    validationRows: validation?.origin.length ?? 0,
    testRows: test?.origin.length ?? 0,
    objective: nameOfLoss(options, training.dataset),
    labels: training.dataset.labelNames,
    epochs: length.epochs,
    steps: length.totalSteps,
    choices,
    repeatWith: choices.length > 0 ? repeatingFlags(options) : null,
    parameters: model.info.parameters,
    initialised: model.info.initialised,
    ignored: model.info.ignored,
    headReset: prepared.headReset,
    device: model.info.device,
    notes: [
      ...model.info.warnings,
      ...model.info.notes,
      ...(model.info.deviceNote ? [model.info.deviceNote] : []),
      ...notes,
      ...splitNotes(prepared, options),
      ...textWarnings(texts, prepared),
      ...(test ? fewTestRows(test, training) : []),
      ...hierarchyNotes(training.dataset, options),
    ],
    maxLength: prepared.maxLength,
    truncatedTexts: prepared.truncatedTexts,
    cutTexts: prepared.cutTexts,
    windowStride: options.windowStride,
  };
}

/** What the data says of the order that the labels are to have. */
function hierarchyNotes(
  { labels, labelNames }: Dataset,
  { hierarchy }: Pick<ResolvedTrainingOptions, "hierarchy">,
): string[] {
  const parents = parentsOf(hierarchy ?? {}, labelNames);
  if (parents === undefined) return [];
  return Object.entries(contradictions(labels, parents, labelNames)).map(([name, rows]) => {
    const upper = labelNames[parents[labelNames.indexOf(name)]!]!;
    return `warning: ${counted(rows, "row")} ${rows === 1 ? "has" : "have"} the label "${name}" without "${upper}", below which the hierarchy puts it: the model will never give it so`;
  });
}

/** What is to be said about the rows that were held back, unless the user chose them. */
function splitNotes(
  { split, validation, training }: PreparedRun,
  { splitFile, validationSplit, testSplit }: ResolvedTrainingOptions,
): string[] {
  if (split === undefined || splitFile !== undefined) return [];
  const isOwnTable = validation?.dataset !== training.dataset;
  return describeShortfalls(split, { validation: isOwnTable ? 0 : validationSplit, test: testSplit });
}
