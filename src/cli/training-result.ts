// What `tagformer train` prints when the run is over.
import { classificationReport } from "../evaluation/report.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import { describeKept, type EpochChoice, validationCaveat } from "../report/choices.js";
import type { EndEvent, EpochEvent, StartEvent } from "../training/events.js";
import { describeIntervals } from "./interval-table.js";

/** The kept epoch's figures on the rows held back, which of them are the model's, and where the model is. */
export function describeResult(
  start: StartEvent,
  epochs: readonly EpochEvent[],
  end: EndEvent,
  options: ResolvedTrainingOptions,
): string {
  const { epochs: plannedEpochs, keep, patience, bestMetric } = options;
  const { validationRows } = start;
  const choice: EpochChoice = {
    ...{ trainedEpochs: epochs.length, plannedEpochs, keptEpoch: end.keptEpoch },
    ...{ keep, patience, bestMetric, validationRows },
  };
  const validation = epochs.find(({ epoch }) => epoch === end.keptEpoch)?.validation;
  return [
    ...(validation
      ? [
          `\nThe ${validationRows} validation rows, at thresholds of 0.5:\n`,
          classificationReport(validation),
          validationCaveat(choice) + (end.test ? "" : ` ${testAdvice}`),
        ]
      : []),
    ...(end.test
      ? [
          `\nThe model's figures: the ${start.testRows} test rows, by which nothing was chosen, at thresholds of 0.5:\n`,
          classificationReport(end.test.metrics),
          describeIntervals(end.test.intervals),
        ]
      : []),
    `\n${describeEnd(end, choice)}`,
  ].join("\n");
}

const testAdvice =
  "Figures to rely on need rows that nothing was chosen by: --test-split 0.1 holds some back, and --test FILE brings them.";

function describeEnd(
  { reason, directory, keptEpoch, lastDirectory, report }: EndEvent,
  choice: EpochChoice,
): string {
  const stopped = reason === "stopped" ? "Stopped. " : "";
  const last = ` The weights of the last step are in ${lastDirectory ?? directory}.`;
  const what =
    keptEpoch === undefined
      ? last.trimStart()
      : `The model is in ${directory}: ${describeKept(choice)}.${lastDirectory ? last : ""}`;
  const untouched =
    keptEpoch === undefined && lastDirectory ? ` The model in ${directory} is that of an earlier run.` : "";
  const page = report ? ` The report is ${report}.` : "";
  return `${stopped}${what}${untouched}${page}`;
}
