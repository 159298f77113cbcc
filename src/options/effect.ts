// Options that do nothing beside the others that are given: they are refused, because who gives one counts on it.
import { invalidOption } from "../base/errors.js";
import { shown } from "../base/parse-options.js";
import type { ClassifierOptions, ResolvedModelOptions } from "./model.js";
import { type ResolvedTrainingOptions, type TrainingOptions, trainingOptions } from "./training.js";

/** Tables that a training was given besides its training rows. */
interface OwnTables {
  readonly validation: boolean;
  readonly test: boolean;
}

/** Options that something else makes useless. */
interface Useless {
  readonly names: readonly (keyof TrainingOptions)[];
  readonly because: string;
}

/**
 * Checks that every option that was given has an effect; one that is given as its default, or
 * as 0, asks for nothing.
 *
 * @param given the options as they were given
 * @param options all of them, with defaults and presets
 * @throws TagformerError `INVALID_OPTION`
 */
export function requireEffect(
  given: TrainingOptions,
  options: ResolvedTrainingOptions,
  own: OwnTables,
): void {
  refuseUseless(given, [
    ...uselessWindows(options),
    ...uselessLosses(options),
    ...uselessBudgets(given, options),
    ...uselessDropout(options),
    ...uselessFgm(options),
    ...uselessSplits(options, own),
  ]);
}

/**
 * The same of loading a model that reads as it was trained.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
export function requireWindowEffect(given: ClassifierOptions, options: ResolvedModelOptions): void {
  refuseUseless(given, uselessWindows(options));
}

function refuseUseless(given: TrainingOptions | ClassifierOptions, useless: readonly Useless[]): void {
  const values: Readonly<Record<string, unknown>> = { ...given };
  for (const { names, because } of useless) {
    const name = names.find((one) => ![undefined, 0, defaultOf(one)].includes(values[one] as undefined));
    if (name === undefined) continue;
    throw invalidOption(`option ${name} is ${shown(values[name])}, which would have no effect: ${because}`);
  }
}

function defaultOf(name: keyof TrainingOptions): unknown {
  return trainingOptions.shape[name].safeParse(undefined).data;
}

function uselessWindows({ windowStride }: Pick<ResolvedModelOptions, "windowStride">): Useless[] {
  if (windowStride > 0) return [];
  return [
    {
      names: ["maxWindows", "windowPooling"],
      because: "long texts are read in windows with a windowStride (--window-stride) above 0 only",
    },
  ];
}

function uselessLosses({ loss }: ResolvedTrainingOptions): Useless[] {
  const focal: Useless = {
    names: ["focalGamma", "focalAlpha"],
    because: `it is of the focal loss, and loss (--loss) is ${loss}`,
  };
  const asymmetric: Useless = {
    names: ["asymmetricPositiveGamma", "asymmetricNegativeGamma", "asymmetricMargin"],
    because: `it is of the asymmetric loss, and loss (--loss) is ${loss}`,
  };
  return [...(loss === "focal" ? [] : [focal]), ...(loss === "asymmetric" ? [] : [asymmetric])];
}

function uselessBudgets(given: TrainingOptions, { preset, budgetSteps }: ResolvedTrainingOptions): Useless[] {
  const names = ["budget", "budgetSteps"] as const;
  if (preset !== "auto") return [{ names, because: `the preset is ${preset}, and only auto searches` }];
  if (given.learningRate !== undefined && given.epochs !== undefined)
    return [{ names, because: "learningRate and epochs are given, so that nothing is searched for" }];
  return budgetSteps === undefined ? [] : [{ names: ["budget"], because: "budgetSteps is given, too" }];
}

function uselessDropout({ dropout }: ResolvedTrainingOptions): Useless[] {
  if (dropout) return [];
  const names = ["hiddenDropout", "attentionDropout", "headDropout", "rDrop"] as const;
  return [{ names, because: "dropout is off (--no-dropout)" }];
}

function uselessFgm({ freezeEmbeddings, freezeLayers }: ResolvedTrainingOptions): Useless[] {
  if (!freezeEmbeddings && freezeLayers === 0) return [];
  return [{ names: ["fgm"], because: "the word embeddings are frozen" }];
}

function uselessSplits({ splitFile, testSplit }: ResolvedTrainingOptions, own: OwnTables): Useless[] {
  if (splitFile !== undefined) {
    const because = `${splitFile} says which rows are held back; \`tagformer split\` makes another one`;
    return [{ names: ["validationSplit", "testSplit", "splitMethod", "splitByText"], because }];
  }
  const validation: Useless = {
    names: ["validationSplit"],
    because: "the validation rows are a table of their own (--validation)",
  };
  const test: Useless = {
    names: ["testSplit"],
    because: "the test rows are a table of their own (--test)",
  };
  const how: Useless = {
    names: ["splitMethod", "splitByText"],
    because: "no rows are held back from the training rows",
  };
  return [
    ...(own.validation ? [validation] : []),
    ...(own.test ? [test] : []),
    ...(own.validation && (own.test || testSplit === 0) ? [how] : []),
  ];
}
