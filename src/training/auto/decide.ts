// What the preset auto decides once data and model are known: rows of a step, and learning rate and length of the run, by trials
// within a budget.
import { counted } from "../../base/counted.js";
import { digestOf } from "../../base/digest.js";
import { readSafetensors } from "../../model/safetensors.js";
import type { ResolvedTrainingOptions } from "../../options/training.js";
import { identityOf } from "../identity.js";
import { initialState, type RunState } from "../state.js";
import { decideBatchSize } from "./batch-size.js";
import type { Choice } from "./choice.js";
import {
  continuesTrial,
  planFor,
  planWithin,
  type RunSize,
  type SearchPlan,
  usualEpochs,
  usualSteps,
} from "./plan.js";
import { ratesToTry, shapeOf, usualRate } from "./rates.js";
import {
  readSearchRecord,
  type SearchRecord,
  startFile,
  type Trial,
  trialFile,
  writeSearchRecord,
} from "./search-record.js";
import { mostTrialRows, type TrialParts, Trials } from "./trials.js";

/** Minutes that a search takes at most where no budget is given. */
const mostMinutes = 60;
/** A prediction takes about a third of a training step's time. */
const predictionShare = 1 / 3;

/** A run that has begun, in a trial: its state, the log of its steps, and its weights and optimizer. */
export interface BegunRun {
  readonly state: RunState;
  readonly log: Float64Array;
  readonly tensors: string;
}

/** What a run does, and why. */
export interface Decided {
  readonly options: ResolvedTrainingOptions;
  readonly choices: readonly Choice[];
  /** The trial, or the weights, with which it begins; `null`: as the model is. */
  readonly begun: BegunRun | null;
}

/**
 * @param open names of the options that were not given
 * @param isAlone this process trains by itself: several make no trials
 */
export async function decide(
  parts: TrialParts,
  open: ReadonlySet<string>,
  { resume, isAlone }: { readonly resume: boolean; readonly isAlone: boolean },
): Promise<Decided> {
  const opens = { rate: open.has("learningRate"), epochs: open.has("epochs") };
  if (!opens.rate && !opens.epochs) return { options: parts.options, choices: [], begun: null };
  // A rate that was given goes with the batch that is usual.
  const batch =
    opens.rate && open.has("batchSize")
      ? decideBatchSize(
          parts.prepared.training.origin.length,
          opens.epochs ? usualEpochs : parts.options.epochs,
        )
      : null;
  const options = { ...parts.options, ...(batch && { batchSize: Number(batch.value) }) };
  const decided = await decideRate({ ...parts, options }, opens, { resume, isAlone });
  return { ...decided, choices: [...(batch ? [batch] : []), ...decided.choices] };
}

/** Rate and length, for batches of a size that is known. */
async function decideRate(
  parts: TrialParts,
  opens: Opens,
  { resume, isAlone }: { readonly resume: boolean; readonly isAlone: boolean },
): Promise<Decided> {
  const { prepared, options } = parts;
  const shape = shapeOf(prepared.config, prepared.weightsAreFresh);
  const usual = usualRate(shape, options.batchSize);
  if (prepared.validation === undefined)
    return withoutTrials(parts, opens, usual, "there are no validation rows that could judge trials");
  if (!isAlone) {
    const reason = "several processes train together, which make no trials (one by itself does)";
    return withoutTrials(parts, opens, usual, reason);
  }
  const rates = opens.rate ? ratesToTry(shape, options.batchSize) : [options.learningRate];
  const size = sizeOf(parts, rates.length);
  const identity = digestOf([
    JSON.stringify(await identityOf(prepared, options, { size: 1, ordered: false })),
  ]);
  const trials = new Trials(parts);
  const found = resume ? await readSearchRecord(parts.directory, identity) : null;
  const record = found ?? (await beginSearch(trials, parts, { identity, rates, size, opens }));
  parts.emit({ type: "search", ...describePlan(record, parts, size) });
  const best = rates.length > 1 ? await trials.run(record) : record.trials[0]!;
  return concluded(parts, record, best, { opens, size });
}

interface Opens {
  readonly rate: boolean;
  readonly epochs: boolean;
}

function sizeOf({ prepared: { training, validation }, options }: TrialParts, rates: number): RunSize {
  const { batchSize } = options;
  const stepsFor = (rows: number) => Math.ceil((predictionShare * rows) / batchSize);
  const rows = validation!.origin.length;
  return {
    stepsPerEpoch: Math.ceil(training.origin.length / batchSize),
    rates,
    validationSteps: stepsFor(rows),
    trialValidationSteps: stepsFor(Math.min(rows, mostTrialRows)),
  };
}

/** Measures, plans, and writes down what everything begins with. */
async function beginSearch(
  trials: Trials,
  { directory, options }: TrialParts,
  {
    identity,
    rates,
    size,
    opens,
  }: { identity: string; rates: readonly number[]; size: RunSize; opens: Opens },
): Promise<SearchRecord> {
  const usual = usualSteps(size);
  await trials.begin(usual);
  const secondsPerStep = options.budgetSteps === undefined ? await trials.measure(usual) : null;
  const plan = opens.epochs
    ? planOf(options, size, secondsPerStep)
    : planFor(Math.max(1, Math.round(options.epochs * size.stepsPerEpoch)), size);
  const record: SearchRecord = {
    identity,
    plan,
    secondsPerStep,
    trials: rates.map((learningRate) => ({ learningRate, parts: [], log: [] })),
  };
  await writeSearchRecord(directory, record);
  return record;
}

function planOf(
  { budget, budgetSteps }: ResolvedTrainingOptions,
  size: RunSize,
  secondsPerStep: number | null,
): SearchPlan {
  if (budgetSteps !== undefined) return planWithin(budgetSteps, size);
  const stepsIn = (minutes: number) => Math.max(1, Math.floor((60 * minutes) / secondsPerStep!));
  if (budget !== undefined) return planWithin(stepsIn(budget), size);
  const usual = planFor(usualSteps(size), size);
  return usual.budgetSteps <= stepsIn(mostMinutes) ? usual : planWithin(stepsIn(mostMinutes), size);
}

function describePlan(
  { plan, secondsPerStep, trials }: SearchRecord,
  { options }: TrialParts,
  { stepsPerEpoch }: RunSize,
) {
  return {
    budgetSteps: plan.budgetSteps,
    seconds: secondsPerStep === null ? null : secondsPerStep * plan.budgetSteps,
    learningRates: trials.map(({ learningRate }) => learningRate),
    shortSteps: plan.shortSteps,
    longSteps: plan.longSteps,
    steps: plan.totalSteps,
    epochs: epochsOf(plan, stepsPerEpoch),
    isGiven: options.budget !== undefined || options.budgetSteps !== undefined,
  };
}

/** As few digits as give the same number of steps. */
function epochsOf({ totalSteps }: SearchPlan, stepsPerEpoch: number): number {
  for (let digits = 1; ; digits++) {
    const epochs = Number((totalSteps / stepsPerEpoch).toPrecision(digits));
    if (Math.round(epochs * stepsPerEpoch) === totalSteps) return epochs;
  }
}

async function concluded(
  { options, directory }: TrialParts,
  record: SearchRecord,
  best: Trial,
  { opens, size }: { readonly opens: Opens; readonly size: RunSize },
): Promise<Decided> {
  const { plan } = record;
  const epochs = epochsOf(plan, size.stepsPerEpoch);
  const choices: Choice[] = [
    ...(opens.rate
      ? [{ option: "learningRate", value: best.learningRate, reason: reasonOfRate(record, best) }]
      : []),
    ...(opens.epochs ? [{ option: "epochs", value: epochs, reason: reasonOfLength(record, options) }] : []),
  ];
  const continued =
    continuesTrial(plan, size.stepsPerEpoch) && best.parts.length === 2 && best.parts[1] !== null;
  const tensors = continued ? trialFile(directory, best.learningRate) : startFile(directory);
  await readSafetensors(tensors); // it is whole
  return {
    options: { ...options, learningRate: best.learningRate, epochs },
    choices,
    begun: continued
      ? { state: stateAfter(best.log), log: Float64Array.from(best.log), tensors }
      : { state: initialState(), log: new Float64Array(), tensors },
  };
}

/** The state of a run in its first epoch, by the log of its steps. */
function stateAfter(log: readonly number[]): RunState {
  const losses = log.filter((_, i) => i % 3 === 1);
  const steps = losses.length;
  return {
    ...initialState(),
    steps,
    stepsInEpoch: steps,
    lossSum: losses.reduce((sum, loss) => sum + loss, 0),
  };
}

function reasonOfRate({ trials, plan }: SearchRecord, { learningRate, parts }: Trial): string {
  const figures = parts.at(-1);
  const found = figures
    ? `, with a cross-entropy of ${figures.loss.toFixed(4)} and a micro-averaged average precision of ${figures.averagePrecision.toFixed(4)} on the validation rows after ${counted(plan.longSteps, "step")}`
    : "";
  const rates = trials.map((trial) => trial.learningRate);
  return `the best of ${rates.length} from ${Math.min(...rates)} to ${Math.max(...rates)}${rates.includes(learningRate) ? found : ""}`;
}

function reasonOfLength({ plan }: SearchRecord, { budget, budgetSteps }: ResolvedTrainingOptions): string {
  const spent = `${counted(plan.totalSteps, "step")} of the budget of ${counted(plan.budgetSteps, "step")}, trials and validations included`;
  return budget === undefined && budgetSteps === undefined
    ? `${spent}; --budget MINUTES gives another`
    : spent;
}

/** Without validation rows nothing tells a good rate. */
function withoutTrials({ options }: TrialParts, opens: Opens, learningRate: number, reason: string): Decided {
  const epochs = usualEpochs;
  const choices: Choice[] = [
    ...(opens.rate
      ? [
          {
            option: "learningRate",
            value: learningRate,
            reason: `what usually suits a model of this width and depth: ${reason}`,
          },
        ]
      : []),
    ...(opens.epochs ? [{ option: "epochs", value: epochs, reason: "the usual number" }] : []),
  ];
  return {
    options: {
      ...options,
      ...(opens.rate && { learningRate }),
      ...(opens.epochs && { epochs }),
    },
    choices,
    begun: null,
  };
}
