// What `tagformer train` prints when the run is over.
import { counted } from "../base/counted.js";
import { classificationReport } from "../evaluation/text-report.js";
import type { Tuning } from "../evaluation/tuning.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import {
  type BaselineFigures,
  baselineTable,
  describeBaselineRows,
  notBetterThanBaseline,
} from "../report/baseline-words.js";
import { describeKept, type EpochChoice, validationCaveat } from "../report/choices.js";
import type { EndEvent, EpochEvent, StartEvent } from "../training/events.js";
import { describeIntervals } from "./interval-table.js";
import { textTable } from "./text-table.js";

/** The kept epoch's figures on the rows held back, which of them are the model's, and where the model is. */
export function describeResult(
  start: StartEvent,
  epochs: readonly EpochEvent[],
  end: EndEvent,
  options: ResolvedTrainingOptions,
  command: string,
): string {
  const { epochs: plannedEpochs, keep, patience, bestMetric } = options;
  const { validationRows } = start;
  const choice: EpochChoice = {
    ...{ trainedEpochs: epochs.length, plannedEpochs, keptEpoch: end.keptEpoch },
    ...{ keep, patience, bestMetric, validationRows },
  };
  const validation = epochs.find(({ epoch }) => epoch === end.keptEpoch)?.validation;
  const simpler = end.baseline ? notBetterThanBaseline(end.baseline) : null;
  return [
    ...(simpler === null ? [] : [`\n${simpler}`]),
    ...(validation
      ? [
          `\nThe ${counted(validationRows, "validation row")}, at thresholds of 0.5:\n`,
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
    ...(end.tuning ? [describeTunedEnd(end.tuning)] : []),
    ...(end.baseline ? [describeBaseline(end.baseline)] : []),
    ...(start.repeatWith === null ? [] : [`\nThe same run without a search: ${command} ${start.repeatWith}`]),
    `\n${describeEnd(end, choice)}`,
  ].join("\n");
}

/** The figures with the thresholds that are stored from now on. */
function describeTunedEnd({ crossFitted, tuned }: Tuning): string {
  const [how, { micro, macro, subsetAccuracy, hierarchical }] = crossFitted
    ? ["cross-fitted on the validation rows", crossFitted]
    : ["too good, because of the very rows that they were tuned on", tuned];
  const ofHierarchy = hierarchical ? `, hierarchical F1 ${hierarchical.f1.toFixed(4)}` : "";
  return `\nWith the thresholds and temperatures that are stored with the model and used from now on (${how}): micro-F1 ${micro.f1.toFixed(4)}, macro-F1 ${macro.f1.toFixed(4)}, subset accuracy ${subsetAccuracy.toFixed(4)}${ofHierarchy}.`;
}

/** The model beside its bag of words. */
export function describeBaseline(figures: BaselineFigures): string {
  return `\n${describeBaselineRows(figures)}:\n\n${textTable(baselineTable(figures))}`;
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
