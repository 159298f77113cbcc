// One training, and its judgement on rows that had no part in it.
import { join } from "node:path";
import { Classifier, Trainer } from "../../dist/index.js";

/** Trains a model and gives its figures with the thresholds that it stored. */
export async function trainAndJudge({ training, unseen, folder, options }) {
  const output = join(folder, "model");
  const started = performance.now();
  const facts = { choices: [], losses: [] };
  for await (const event of new Trainer({
    ...options,
    train: training,
    output,
    report: false,
    checkpoints: false,
  })) {
    if (event.type === "search") facts.budget = { steps: event.budgetSteps, seconds: event.seconds };
    if (event.type === "start")
      facts.choices = event.choices.map(({ option, value }) => `${option} ${value}`);
    if (event.type === "epoch") facts.losses.push(event.validation.loss);
    if (event.type === "end") facts.keptEpoch = event.keptEpoch;
  }
  const seconds = (performance.now() - started) / 1000;
  const figures = await judge(output, unseen, options.threads);
  const baseline = options.preset === undefined ? await judge(join(output, "baseline"), unseen) : undefined;
  return { ...figures, seconds, ...(baseline && { baseline }), ...facts };
}

async function judge(directory, { texts, labels, labelNames, ...rest }, threads) {
  const classifier = await Classifier.load(directory, threads === undefined ? {} : { threads });
  try {
    const { metrics } = await classifier.evaluate({ texts, labels, labelNames, ...rest });
    return {
      microF1: metrics.micro.f1,
      macroF1: metrics.macro.f1,
      averagePrecision: metrics.macro.averagePrecision,
    };
  } finally {
    await classifier.dispose();
  }
}
