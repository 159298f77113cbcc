// What a budget of steps is spent on: short trials of learning rates, and the run.

/** Rows, steps and work of a run whose plan is made. */
export interface RunSize {
  readonly stepsPerEpoch: number;
  /** Learning rates to try; 1: there is nothing to try. */
  readonly rates: number;
  /** What a validation of the run takes, in steps. */
  readonly validationSteps: number;
  /** What a validation of a trial takes, in steps. */
  readonly trialValidationSteps: number;
}

export interface SearchPlan {
  /** Everything: trials, run, and the validations of both, in steps. */
  readonly budgetSteps: number;
  /** Of the run, whose schedule the trials follow, too. */
  readonly totalSteps: number;
  /** Steps of every trial, and of those that go on; 0: there are no trials. */
  readonly shortSteps: number;
  readonly longSteps: number;
}

/** Trials that go on to their second part. */
export const finalists = 2;
/** Epochs of a run where the budget is not given. */
export const usualEpochs = 4;
/** Epochs of a run at most: more never paid. */
const mostEpochs = 10;
/** A run of fewer steps learns too little, however few rows an epoch has; but so many epochs are enough. */
const fewestSteps = 160;
const mostEpochsOfFewRows = 20;
/** Shares of the run that a trial is long. */
const shortShare = 1 / 8;
const longShare = 1 / 4;
/** Steps of a trial at most: longer ones tell no more. */
const mostTrialSteps = 600;
/** An epoch of so many steps is a trial long enough, with whose best the run goes on. */
const fewestTrialSteps = 50;

/** Steps of a run that nothing limits. */
export function usualSteps({ stepsPerEpoch }: RunSize): number {
  const fewRows = Math.min(fewestSteps, mostEpochsOfFewRows * stepsPerEpoch);
  return Math.max(usualEpochs * stepsPerEpoch, wholeEpochs(fewRows, stepsPerEpoch));
}

/** The plan of a run of so many steps, whatever that takes. */
export function planFor(totalSteps: number, size: RunSize): SearchPlan {
  const { stepsPerEpoch, rates } = size;
  const most = Math.min(
    mostTrialSteps,
    stepsPerEpoch < fewestTrialSteps ? Number.POSITIVE_INFINITY : stepsPerEpoch,
  );
  const longSteps = rates < 2 ? 0 : Math.max(1, Math.min(Math.ceil(longShare * totalSteps), most));
  const shortSteps = Math.ceil((longSteps * shortShare) / longShare);
  return {
    budgetSteps: costOf({ totalSteps, shortSteps, longSteps }, size),
    totalSteps,
    shortSteps,
    longSteps,
  };
}

/** The longest run for which, with its trials, a budget is enough; one step at least. */
export function planWithin(budgetSteps: number, size: RunSize): SearchPlan {
  const most = Math.max(mostEpochs * size.stepsPerEpoch, usualSteps(size));
  let [fits, tooLong] = [1, most + 1];
  while (tooLong - fits > 1) {
    const steps = Math.floor((fits + tooLong) / 2);
    if (planFor(steps, size).budgetSteps <= budgetSteps) fits = steps;
    else tooLong = steps;
  }
  const whole = fits >= 2 * size.stepsPerEpoch ? fits - (fits % size.stepsPerEpoch) : fits;
  return { ...planFor(whole, size), budgetSteps };
}

/** What trials and run take. The best trial is a part of the run where that begins with it. */
function costOf(
  { totalSteps, shortSteps, longSteps }: Omit<SearchPlan, "budgetSteps">,
  size: RunSize,
): number {
  const { rates, validationSteps, trialValidationSteps, stepsPerEpoch } = size;
  const epochs = Math.ceil(totalSteps / stepsPerEpoch);
  const run = totalSteps + epochs * validationSteps;
  if (longSteps === 0) return run;
  const goOn = Math.min(finalists, rates);
  const trials = rates * shortSteps + goOn * (longSteps - shortSteps);
  const continued = continuesTrial({ longSteps }, stepsPerEpoch) ? longSteps : 0;
  return run + trials - continued + (rates + goOn) * trialValidationSteps;
}

/** Whether the run goes on where its trial ended: it must not have passed the end of an epoch, at which a run is validated. */
export function continuesTrial({ longSteps }: Pick<SearchPlan, "longSteps">, stepsPerEpoch: number): boolean {
  return longSteps > 0 && longSteps <= stepsPerEpoch;
}

function wholeEpochs(steps: number, stepsPerEpoch: number): number {
  return Math.ceil(steps / stepsPerEpoch) * stepsPerEpoch;
}
