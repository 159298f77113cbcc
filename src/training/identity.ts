// What a run is made of: data, model, options and versions, so that no run is continued with others.
import { digestOf } from "../base/digest.js";
import { packageVersion } from "../base/package.js";
import { chunksOf, type Texts } from "../data/compressed-texts.js";
import type { Dataset } from "../data/dataset.js";
import { nativeBuild } from "../native/build.js";
import { experiments } from "../native/device.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { LabelledBatch } from "../text/batch.js";
import type { PreparedRun, Rows } from "./prepare.js";

/** What must not differ, by its name in a sentence: a value, or the digest of what is large. Plain JSON. */
export type RunIdentity = Readonly<Record<string, unknown>>;

const digestMark = "sha256:";
const deviceName = "the device";
const experimentsName = "experiments";

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
]);

export async function identityOf(
  prepared: PreparedRun,
  options: ResolvedTrainingOptions,
): Promise<RunIdentity> {
  const { training, validation, test, model, config, modelDigest } = prepared;
  const { torchVersion, instructions } = await nativeBuild();
  const isOther = (rows: Rows | undefined): rows is Rows =>
    rows !== undefined && rows.dataset !== training.dataset;
  const relevant = Object.entries(options).filter(
    ([name, value]) => !irrelevant.has(name) && value !== undefined,
  );
  return {
    "tagformer's version": packageVersion(),
    "libtorch's version": torchVersion,
    "the instruction set": instructions,
    [deviceName]: model.info.device,
    ...(experiments().length > 0 && { [experimentsName]: experiments().join(",") }),
    "the model's weights": mark(modelDigest),
    "the model's config.json": mark(digestOf([JSON.stringify(config)])),
    ...identityOfData("training", training.dataset),
    ...(isOther(validation) && identityOfData("validation", validation.dataset)),
    ...(isOther(test) && identityOfData("test", test.dataset)),
    "the split": mark(digestOf([training, validation, test].map((rows) => rows?.origin ?? ""))),
    "the tokens of the texts": mark(
      digestOf([training, validation, test].flatMap((rows) => (rows ? tokensOf(rows) : [""]))),
    ),
    ...Object.fromEntries(relevant.map(([name, value]) => [optionName(name), value])),
  };
}

/** Names an option in a {@link RunIdentity}. */
function optionName(option: string): string {
  return `option ${option}`;
}

function mark(digest: string): string {
  return `${digestMark}${digest}`;
}

function identityOfData(part: string, { texts, labelNames, labels, weights, groups, ids }: Dataset) {
  const of = (what: string) => `the ${what} of the ${part} data`;
  return {
    [of("number of rows")]: texts.length,
    [of("label names")]: labelNames.join(", "),
    [of("texts")]: mark(digestOf(piecesOf(texts))),
    [of("labels")]: mark(digestOf([labels])),
    ...(weights && { [of("weights")]: mark(digestOf([weights])) }),
    ...(groups && { [of("groups")]: mark(digestOf(piecesOf(groups))) }),
    ...(ids && { [of("ids")]: mark(digestOf(piecesOf(ids))) }),
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

/** Something in which two runs differ. */
export interface Difference {
  /** Its name in {@link RunIdentity}. */
  readonly what: string;
  /** A sentence's part that names it, with both values where they can be shown. */
  readonly text: string;
}

/** In what the run that is to go on differs from the one that was interrupted. */
export function differencesOf(interrupted: RunIdentity, present: RunIdentity): Difference[] {
  const names = [...new Set([...Object.keys(interrupted), ...Object.keys(present)])];
  return names.flatMap((what) => {
    const [before, now] = [interrupted[what], present[what]].map(
      (value) => JSON.stringify(value) ?? "not given",
    );
    return before === now ? [] : [{ what, text: describe(what, before!, now!) }];
  });
}

function describe(what: string, before: string, now: string): string {
  if ([before, now].some((value) => value.startsWith(`"${digestMark}`))) return what;
  return `${what} (${before} when it began, ${now} now)`;
}

/** Whether a difference is that of the number of epochs. */
export function isOfEpochs({ what }: Difference): boolean {
  return what === optionName("epochs");
}

/** Whether the run's steps are recorded on a device and replayed. */
export function recordsSteps(identity: RunIdentity): boolean {
  const asked = String(identity[experimentsName]).split(",");
  return identity[deviceName] !== "cpu" && asked.includes("graphs");
}
