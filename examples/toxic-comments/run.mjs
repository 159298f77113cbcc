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
  readSplit,
  Trainer,
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
    'usage: node examples/toxic-comments/run.mjs FOLDER [--model NAME] [--output DIR] [--preset seed|default] [--epochs N] [--learning-rate N] [--precision fp32|bf16]\nFOLDER holds train.csv, test.csv and test_labels.csv of Kaggle\'s "Toxic Comment Classification Challenge"; generate.mjs writes look-alikes',
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

/** Two columns of figures: ours, and the notebook's. */
function beside(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  const shown = (value) =>
    typeof value === "number" && !Number.isInteger(value) ? value.toFixed(4) : String(value);
  console.log(`\n${"".padEnd(width)}  ${"here".padStart(12)}  ${"notebook".padStart(12)}`);
  for (const [name, ours, theirs] of rows) {
    console.log(`${name.padEnd(width)}  ${shown(ours).padStart(12)}  ${shown(theirs ?? "-").padStart(12)}`);
  }
}

async function lookAt(dataset) {
  const found = await inspectDataset(dataset);
  const { table } = notebook;
  beside([
    ["rows", found.rows, table.rows],
    ["texts that occur again", found.duplicateTexts, 0],
    ["empty texts", found.emptyTexts, 0],
    ["words, mean", found.words.mean, table.wordsMean],
    ["words, deviation", found.words.deviation, table.wordsDeviation],
    ...found.labels.map(({ name, positives }, i) => [name, positives, table.positives[i]]),
    ["combinations that occur once", found.combinations.once, 2],
  ]);
}

async function train(dataset) {
  const trainer = new Trainer({ ...source, ...options, train: dataset, output: values.output });
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
        [`epoch ${epoch}: training loss`, trainingLoss, theirs?.loss],
        ["  validation micro-F1, %", 100 * validation.micro.f1, theirs?.microF1],
        ["  validation subset accuracy, %", 100 * validation.subsetAccuracy, theirs?.subsetAccuracy],
        ["  seconds", Math.round(seconds), 1381],
      ];
    }),
  );
}

/** The threshold that the notebook's search finds, on the validation rows. */
async function search(classifier, dataset) {
  const { validation } = await readSplit(join(values.output, "split.csv"), dataset);
  const width = dataset.labelNames.length;
  const logits = await classifier.logits(Array.from(validation, (row) => dataset.texts.at(row)));
  const labels = Float32Array.from(
    logits,
    (_, i) => dataset.labels[validation[Math.floor(i / width)] * width + (i % width)],
  );
  const microF1 = (threshold) => evaluate({ logits }, labels, dataset.labelNames, threshold).micro.f1;
  const best = (thresholds) => thresholds.reduce((a, b) => (microF1(b) > microF1(a) ? b : a));
  const coarse = best(Array.from({ length: 9 }, (_, i) => (i + 1) / 10));
  return best(Array.from({ length: 10 }, (_, i) => coarse + i / 100));
}

async function test(trained) {
  const { dataset, droppedUnlabelled } = await readDataset(join(folder, "test.csv"), {
    labelFile: join(folder, "test_labels.csv"),
  });
  console.log(`\n${droppedUnlabelled} rows of test.csv have no labels and are left out`);
  const classifier = await Classifier.load(values.output, {
    precision: values.precision,
    threads: options.threads,
  });
  const bar = new SingleBar({ format: "testing {bar} {percentage}%, {eta_formatted} left" });
  bar.start(dataset.texts.length, 0);
  const { logits, metrics } = await classifier.evaluate(dataset, { onProgress: (rows) => bar.update(rows) });
  bar.stop();
  const threshold = await search(classifier, trained);
  await classifier.dispose();
  console.log(`\n${classificationReport(metrics)}`);
  await writeComparisons(join(values.output, "comparisons.csv"), dataset, logits);
  compare(dataset, metrics, evaluate({ logits }, dataset.labels, dataset.labelNames, threshold), threshold);
}

function compare(dataset, half, searched, threshold) {
  const { test } = notebook;
  const figures = (name, { micro, subsetAccuracy, labels }, theirs) => [
    [`${name}: micro-F1, %`, 100 * micro.f1, theirs?.microF1],
    ["  subset accuracy, %", 100 * subsetAccuracy, theirs?.subsetAccuracy],
    ...labels.map((label, i) => [`  F1 of ${label.name}`, label.f1, theirs?.f1[i]]),
  ];
  beside([
    ["test rows", dataset.texts.length, test.rows],
    ...figures("threshold 0.5", half, test.half),
    ["threshold by the notebook's search", threshold, test.tuned.threshold],
    ...figures("that threshold", searched, test.tuned),
    ["mean ROC AUC", half.macro.rocAuc ?? "-"],
  ]);
  console.log(
    "\nThe notebook chose its threshold on the rows that it tested on; here it comes from the validation rows.",
  );
}

const { dataset } = await readDataset(join(folder, "train.csv"));
await lookAt(dataset);
await train(dataset);
await test(dataset);
console.log(`\nThe model, its split and comparisons.csv are in ${values.output}.`);
