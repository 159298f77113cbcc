// What a run is made of: data, model, options and versions, so that no run is continued with others.
import { type Difference, type Facts, marked } from "../base/differences.js";
import { digestOf } from "../base/digest.js";
import { packageVersion } from "../base/package.js";
import { chunksOf, type Texts } from "../data/compressed-texts.js";
import type { Dataset } from "../data/dataset.js";
import { nativeBuild } from "../native/build.js";
import { experiments } from "../native/device.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { LabelledBatch } from "../text/batch.js";
import type { PreparedRun, Rows } from "./prepare.js";

const deviceName = "the device";
const experimentsName = "experiments";
const divisionName = "the micro-batches of a step (gradientAccumulation, times the processes)";

/**
 * Options that change no number: where computing is shared out, what is drawn, and paths, since what was read from them is
 * compared itself.
 */
const irrelevant: ReadonlySet<string> = new Set([
  "threads",
  "report",
  "trust",
  "tokenizer",
  "splitFile",
  "fold",
  "preset",
  "budget",
  "budgetSteps",
  "gradientAccumulation", // see microBatchesOf()
]);

/** How a step is divided: what has the same bits has the same words. */
interface Division {
  /** Processes. */
  readonly size: number;
  /** Their gradients are added in the order of their ranks. */
  readonly ordered: boolean;
}

export async function identityOf(
  prepared: PreparedRun,
  options: ResolvedTrainingOptions,
  division: Division,
): Promise<Facts> {
  const { training, validation, test, model, config, modelDigest } = prepared;
  const { torchVersion, instructions } = await nativeBuild();
  const isOther = (rows: Rows | undefined): rows is Rows =>
    rows !== undefined && rows.dataset !== training.dataset;
  return {
    "tagformer's version": packageVersion(),
    "libtorch's version": torchVersion,
    "the instruction set": instructions,
    [deviceName]: model.info.device,
    ...(experiments().length > 0 && { [experimentsName]: experiments().join(",") }),
    "the model's weights": marked(modelDigest),
    "the model's config.json": marked(digestOf([JSON.stringify(config)])),
    ...identityOfData("training", training.dataset),
    ...(isOther(validation) && identityOfData("validation", validation.dataset)),
    ...(isOther(test) && identityOfData("test", test.dataset)),
    "the split": marked(digestOf([training, validation, test].map((rows) => rows?.origin ?? ""))),
    "the tokens of the texts": marked(
      digestOf([training, validation, test].flatMap((rows) => (rows ? tokensOf(rows) : [""]))),
    ),
    [divisionName]: microBatchesOf(options, division),
    ...factsOfOptions(options),
  };
}

/** The options that decide the result. */
export function factsOfOptions(options: ResolvedTrainingOptions): Facts {
  const relevant = Object.entries(options).filter(
    ([name, value]) => !irrelevant.has(name) && value !== undefined,
  );
  return Object.fromEntries(relevant.map(([name, value]) => [optionName(name), value]));
}

/** Two numbers have one sum; of more the order counts, and micro-batches of one process are added before they are sent. */
function microBatchesOf(
  { gradientAccumulation }: ResolvedTrainingOptions,
  { size, ordered }: Division,
): string {
  if (size === 1) return String(gradientAccumulation);
  if (gradientAccumulation > 1) return `${size} processes with ${gradientAccumulation} each`;
  return size === 2 || ordered ? String(size) : `${size}, added in a ring`;
}

/** What ranks that train together must have in common: all but the numbers of their devices. */
export function agreementOf(identity: Facts): Facts {
  const devices = [deviceName, optionName("device")].filter((name) => name in identity);
  return {
    ...identity,
    ...Object.fromEntries(devices.map((name) => [name, String(identity[name]).replace(/:\d+$/, "")])),
  };
}

/** Names an option in a {@link Facts}. */
function optionName(option: string): string {
  return `option ${option}`;
}

function identityOfData(part: string, { texts, labelNames, labels, weights, groups, ids }: Dataset) {
  const of = (what: string) => `the ${what} of the ${part} data`;
  return {
    [of("number of rows")]: texts.length,
    [of("label names")]: labelNames.join(", "),
    [of("texts")]: marked(digestOf(piecesOf(texts))),
    [of("labels")]: marked(digestOf([labels])),
    ...(weights && { [of("weights")]: marked(digestOf([weights])) }),
    ...(groups && { [of("groups")]: marked(digestOf(piecesOf(groups))) }),
    ...(ids && { [of("ids")]: marked(digestOf(piecesOf(ids))) }),
  };
}

/** Texts in long pieces that are unlike those of any other texts. */
function* piecesOf(texts: Texts): Generator<string> {
  for (const chunk of chunksOf(texts, 256)) yield JSON.stringify(chunk);
}

function tokensOf({ tokens }: Rows): (string | Int32Array)[] {
  const { ids, offsets, types, texts }: LabelledBatch = tokens;
  return [ids, offsets, types ?? "", texts ?? ""];
}

/** Whether a difference is that of the number of epochs. */
export function isOfEpochs({ what }: Difference): boolean {
  return what === optionName("epochs");
}

/** Whether the run's steps are recorded on a device and replayed. */
export function recordsSteps(identity: Facts): boolean {
  const asked = String(identity[experimentsName]).split(",");
  return identity[deviceName] !== "cpu" && asked.includes("graphs");
}
