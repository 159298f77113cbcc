// node examples/toxic-comments/run.mjs FOLDER [--model NAME] [--output runs/toxic] [--preset seed] [any option of training]
//
// The notebook "Transformers for Multi-Label Classification made simple" as one command: FOLDER holds Kaggle's train.csv,
// test.csv and test_labels.csv (or those that generate.mjs writes). Looks at the table, trains, validates after every epoch,
// tests on the rows that have labels, tunes the thresholds on the validation rows, writes comparisons.csv, and prints every
// figure beside the notebook's. Without --model it trains google-bert/bert-base-uncased, or the small model that generate.mjs
// leaves in FOLDER/model from random weights.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import {
  Classifier,
  classificationReport,
  evaluate,
  inspectDataset,
  readDataset,
  readValidation,
  TagformerError,
  Trainer,
  tune,
} from "tagformer";
import { writeComparisons } from "./comparisons.mjs";
import { notebook } from "./notebook.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    output: { type: "string", default: "runs/toxic" },
    preset: { type: "string", default: "seed" },
    epochs: { type: "string" },
    "learning-rate": { type: "string" },
    precision: { type: "string" },
    threads: { type: "string" },
  },
});
const [folder] = positionals;
if (!folder || !existsSync(join(folder, "train.csv"))) {
  console.error(
    'usage: node examples/toxic-comments/run.mjs FOLDER [--model NAME] [--output DIR] [--preset seed|plain|auto] [--epochs N] [--learning-rate N] [--precision fp32|bf16]\nFOLDER holds train.csv, test.csv and test_labels.csv of Kaggle\'s "Toxic Comment Classification Challenge"; generate.mjs writes look-alikes',
  );
  process.exit(2);
}

const number = (text) => (text === undefined ? undefined : Number(text));
const small = join(folder, "model", "config.json");
const source =
  values.model === undefined && existsSync(small)
    ? { config: small }
    : { model: values.model ?? "google-bert/bert-base-uncased" };
const options = {
  preset: values.preset,
  epochs: number(values.epochs),
  // Random weights have further to go than pretrained ones.
  learningRate: number(values["learning-rate"]) ?? (source.config ? 1e-3 : undefined),
  precision: values.precision,
  threads: number(values.threads),
};

/** Two columns: what came out here, and what the notebook printed. */
function beside(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(`\n${"".padEnd(width)}  ${"here".padStart(12)}  ${"notebook".padStart(12)}`);
  for (const [name, ours, theirs] of rows) {
    console.log(
      `${name.padEnd(width)}  ${String(ours ?? "-").padStart(12)}  ${String(theirs ?? "-").padStart(12)}`,
    );
  }
}

/** Rows whose numbers are no counts. */
function figures(...rows) {
  return rows.map(([name, ...values]) => [name, ...values.map((value) => value?.toFixed(4))]);
}

async function lookAt(dataset) {
  const found = await inspectDataset(dataset);
  const { table } = notebook;
  beside([
    ["rows", found.rows, table.rows],
    ["texts that occur again", found.duplicateTexts, 0],
    ["empty texts", found.emptyTexts, 0],
    ...figures(
      ["words, mean", found.words.mean, table.wordsMean],
      ["words, deviation", found.words.deviation, table.wordsDeviation],
    ),
    ...found.labels.map(({ name, positives }, i) => [name, positives, table.positives[i]]),
    ["combinations that occur once", found.combinations.once, 2],
  ]);
}

async function train(dataset) {
  const trainer = new Trainer({
    ...source,
    ...options,
    train: dataset,
    output: values.output,
    overwrite: true,
  });
  const bar = new SingleBar({
    format: "epoch {epoch} {bar} {percentage}%, {eta_formatted} left, loss {loss}",
  });
  const epochs = [];
  for await (const event of trainer) {
    if (event.type === "start") {
      console.log(
        `\n${event.trainingRows} rows to train on, ${event.validationRows} to validate on; ${event.parameters} weights`,
      );
      bar.start(event.steps, 0, { epoch: 1, loss: "" });
    } else if (event.type === "step") {
      bar.update(event.step, { epoch: event.epoch, loss: event.loss.toFixed(4) });
    } else if (event.type === "epoch") {
      epochs.push(event);
    }
  }
  bar.stop();
  beside(
    epochs.flatMap(({ epoch, trainingLoss, validation, seconds }) => {
      const theirs = notebook.epochs[epoch - 1];
      return [
        ...figures(
          [`epoch ${epoch}: training loss`, trainingLoss, theirs?.loss],
          ["  validation micro-F1, %", 100 * validation.micro.f1, theirs?.microF1],
          ["  validation subset accuracy, %", 100 * validation.subsetAccuracy, theirs?.subsetAccuracy],
        ),
        ["  seconds", Math.round(seconds), theirs?.seconds],
      ];
    }),
  );
}

/** The thresholds that the validation rows ask for: one found as in the notebook, and one for each label. */
async function thresholds() {
  const { logits, labels, labelNames } = await readValidation(values.output);
  const tuned = (options) => tune(logits, labels, labelNames, options);
  return { search: tuned({ method: "two-pass" }).thresholds, perLabel: tuned({}).thresholds };
}

/** Tests on the labelled rows of test.csv; leaves comparisons.csv. */
async function test() {
  const { dataset, droppedUnlabelled } = await readDataset(join(folder, "test.csv"), {
    labelFile: join(folder, "test_labels.csv"),
  });
  console.log(`\n${droppedUnlabelled} rows of test.csv have no labels and are left out`);
  const classifier = await Classifier.load(values.output, {
    precision: values.precision,
    threads: options.threads,
  });
  try {
    const bar = new SingleBar({ format: "testing {bar} {percentage}%, {eta_formatted} left" });
    bar.start(dataset.texts.length, 0);
    const { logits, labels, metrics } = await classifier.evaluate(dataset, {
      onProgress: (rows) => bar.update(rows),
    });
    bar.stop();
    console.log(`\n${classificationReport(metrics)}`);
    await writeComparisons(join(values.output, "comparisons.csv"), classifier, dataset, logits);
    const { search, perLabel } = await thresholds();
    const at = (chosen) => evaluate({ logits }, labels, classifier.labels, chosen);
    compare(metrics, at(search), search[0], at(perLabel));
  } finally {
    await classifier.dispose();
  }
}

function evaluationRows(name, { micro, macro, weighted, samples, subsetAccuracy, labels }, theirs) {
  return [
    [`${name}: micro-F1, %`, 100 * micro.f1, theirs?.microF1],
    ["  subset accuracy, %", 100 * subsetAccuracy, theirs?.subsetAccuracy],
    ["  micro precision", micro.precision, theirs?.microPrecision],
    ["  micro recall", micro.recall, theirs?.microRecall],
    ["  macro-F1", macro.f1, theirs?.macroF1],
    ["  weighted F1", weighted.f1, theirs?.weightedF1],
    ["  samples F1", samples.f1, theirs?.samplesF1],
    ...labels.map((label, i) => [`  F1 of ${label.name}`, label.f1, theirs?.f1[i]]),
  ];
}

function compare(half, searched, threshold, perLabel) {
  const { test } = notebook;
  beside([
    ["test rows", half.rows, test.rows],
    ...half.labels.map(({ name, support }, i) => [`  of them ${name}`, support, test.supports[i]]),
    ...figures(
      ...evaluationRows("threshold 0.5", half, test.half),
      ["threshold by the notebook's search", threshold, test.tuned.threshold],
      ...evaluationRows("that threshold", searched, test.tuned),
      ...evaluationRows("a threshold for each label", perLabel),
      ["mean ROC AUC", half.macro.rocAuc],
    ),
  ]);
  console.log(
    "\nThe notebook chose its threshold on the rows that it tested on; here all thresholds come from the validation rows.",
  );
}

try {
  const { dataset } = await readDataset(join(folder, "train.csv"));
  await lookAt(dataset);
  await train(dataset);
  await test();
  console.log(
    `\nThe model, its split, report.html and comparisons.csv are in ${values.output}. To use a threshold for each label from now on: npx tagformer thresholds --model ${values.output}`,
  );
} catch (error) {
  if (!(error instanceof TagformerError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
