// `tagformer thresholds`
import { join } from "node:path";
import type { Command } from "commander";
import { invalidOption } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { tune, withHierarchyOf } from "../evaluation/tuning.js";
import { readDecision } from "../model/decision.js";
import { readModelDirectory } from "../model/directory.js";
import { tagformerFile } from "../model/file-names.js";
import { requireTagformerFile, updateRecord } from "../model/save.js";
import { describeSeen, knownTexts, type SeenTexts } from "../model/seen-texts.js";
import { clustersOfStored, readValidation } from "../model/stored-predictions.js";
import { judgeTestRows } from "../model/test-rows.js";
import { readOneVersion, weightsVersion } from "../model/version.js";
import { tuningOptions } from "../options/evaluation.js";
import { modelOptions } from "../options/model.js";
import { type TuningRecord, tunedDecision } from "../report/decision-record.js";
import { type CutTexts, cutTextsOf, noteCutTexts } from "./cut-texts.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, localModel, modelHelp } from "./model.js";
import { ProgressBar } from "./progress.js";
import { note, print, printJson } from "./terminal.js";
import { describeTuning, type FoundTuning } from "./tuning-result.js";

interface ThresholdsFlags extends DataFlags {
  readonly model: string;
  readonly labelFile?: string;
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addThresholdsCommand(root: Command): void {
  const command = root
    .command("thresholds [data]")
    .description(
      "find the thresholds above which labels are given, and store them in the model directory; without a table, on the validation rows that the training run held back",
    )
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--label-file <file>", "table with the labels, joined by id; rows without any label are left out")
    .option("--output <dir>", "directory for a copy of the model with these thresholds (default: its own)")
    .option("--dry-run", "show the thresholds and store nothing");
  addDataFlags(command);
  addFlags(command, tuningOptions);
  addFlags(command, modelOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExamples:\n  tagformer thresholds --model ./tickets-model\n  tagformer thresholds validation.csv --model ./tickets-model --target-precision 0.9\n",
    )
    .action(thresholds);
}

/** What was found, and how much of the texts it is from. */
interface Found extends FoundTuning {
  /** Absent where no text was read. */
  readonly cutTexts?: CutTexts;
  readonly seen?: SeenTexts | null;
}

async function thresholds(data: string | undefined, flags: ThresholdsFlags): Promise<void> {
  const options = takeFlags(tuningOptions, flags as unknown as Record<string, unknown>);
  parseOptions(tuningOptions, options); // a wrong option should not wait for a model
  const directory = await localModel(flags.model);
  if (flags.output === undefined && !flags.dryRun) await requireTagformerFile(directory);
  const found =
    data === undefined
      ? await fromStored(directory, options, flags)
      : await fromTable(data, directory, options, flags);
  if (flags.json) printJson(asJson(found));
  else print(describeTuning(found));
  if (found.cutTexts) noteCutTexts(found.cutTexts);
}

async function fromStored(
  directory: string,
  options: Record<string, unknown>,
  { output, dryRun }: ThresholdsFlags,
): Promise<Found> {
  if (output !== undefined) {
    throw invalidOption("--output needs a table to tune on; without one, leave it out");
  }
  const { stored, weights } = await readOneVersion(directory, async () => ({
    weights: await weightsVersion(directory),
    stored: await readValidation(directory),
  }));
  const { source, labelNames, logits, labels } = stored;
  const { tagformer } = await readModelDirectory(directory);
  const former = readDecision(tagformer, labelNames, join(directory, tagformerFile));
  const kept = withHierarchyOf(former, labelNames, options);
  const tuning = tune(logits, labels, labelNames, kept, clustersOfStored(stored));
  const texts = knownTexts(tagformer).validation?.stored() ?? null;
  const record: TuningRecord = { tuning, source, onValidation: true, texts };
  const { fields, changeCard, test } = await tunedDecision(record, labelNames, directory);
  if (!dryRun) {
    await updateRecord(directory, { tagformer: fields, card: changeCard, weights });
  }
  return {
    labels: labelNames,
    source: `the run's validation rows, of ${source}`,
    tuning,
    onValidation: true,
    test,
    storedIn: dryRun ? null : directory,
  };
}

async function fromTable(
  data: string,
  directory: string,
  options: Record<string, unknown>,
  flags: ThresholdsFlags,
): Promise<Found> {
  await using classifier = await loadClassifier(
    directory,
    takeFlags(modelOptions, flags as unknown as Record<string, unknown>),
  );
  const labels = flags.labels ?? [...classifier.labels];
  const { dataset } = await readData(
    data,
    { ...flags, labels },
    { labelFile: flags.labelFile, ...(!flags.labels && { labelsOf: "the model" }) },
  );
  const bar = new ProgressBar("predicting", dataset.texts.length);
  const { tokens, seen, ...tuning } = await classifier
    .tune(dataset, { ...options, onProgress: (rows) => bar.update(rows, `${bar.rate.toFixed(0)} rows/s`) })
    .finally(() => bar.stop());
  for (const sentence of describeSeen(seen)) note(sentence);
  if (!flags.dryRun) await (flags.output ? classifier.save(flags.output) : classifier.saveDecision());
  const storedIn = flags.dryRun ? null : (flags.output ?? directory);
  const cutTexts = cutTextsOf(tokens, classifier.maxLength);
  const test = await judgeTestRows(directory, tuning);
  const rows = { labels: classifier.labels, source: data, onValidation: false };
  return { ...rows, tuning, test, storedIn, cutTexts, seen };
}

function asJson({ labels, source, tuning, test, storedIn, cutTexts, seen }: Found) {
  const byName = (values: readonly number[]) =>
    Object.fromEntries(labels.map((name, i) => [name, values[i]]));
  return {
    data: source,
    storedIn,
    ...(cutTexts && { cutTexts }),
    ...(seen !== undefined && { seen }),
    ...(test && { test }),
    ...tuning,
    thresholds: byName(tuning.thresholds),
    temperatures: byName(tuning.temperatures),
  };
}
