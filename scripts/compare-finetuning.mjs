// node scripts/compare-finetuning.mjs [TABLE] [--seeds 3] [--epochs 4] [--max-length 64] [--learning-rate 1e-4] [--precision fp32]
//
// Fine-tunes MiniLM on a table (default: the 3,000 real rows of ../shared/data) with tagformer and with Hugging Face in
// PyTorch: the same first weights, rows, batches and options, only dropout is drawn differently. Prints the validation
// micro-F1 of both for every seed, and whether the means lie within the spread that the seeds alone make.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generator } from "../dist/base/random.js";
import { readDataset, stratifiedSplit, Trainer } from "../dist/index.js";
import { readModelDirectory, weightsForLabels } from "../dist/model/directory.js";
import { saveModelDirectory } from "../dist/model/save.js";
import { NativeModel } from "../dist/native/model.js";
import { Tokenizer } from "../dist/text/tokenizer.js";
import { ensureMiniLm, ensureParityPython } from "./parity-python.mjs";
import { main, run, say } from "./steps.mjs";

const batchSize = 32;
const warmup = 0.1;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: "3" },
      epochs: { type: "string", default: "4" },
      "max-length": { type: "string", default: "64" },
      "learning-rate": { type: "string", default: "1e-4" },
      precision: { type: "string", default: "fp32" },
    },
  });
  const options = {
    epochs: Number(values.epochs),
    maxLength: Number(values["max-length"]),
    learningRate: Number(values["learning-rate"]),
  };
  const { dataset } = await readDataset(positionals[0] ?? "../shared/data/jigsaw-3000.csv");
  const results = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const folder = mkdtempSync(join(tmpdir(), "tagformer-finetuning-"));
    const start = join(folder, "start");
    await makeStart(start, dataset.labelNames, seed);
    const ours = await trainOurs(dataset, start, folder, { ...options, seed, precision: values.precision });
    const theirs = await trainTheirs(dataset, start, folder, { ...options, seed });
    results.push({ seed, ours, theirs });
    say(`seed ${seed}: tagformer ${describe(ours)}   Hugging Face ${describe(theirs)}`);
    rmSync(folder, { recursive: true });
  }
  report(results, values.precision);
});

/** MiniLM with a fresh head for these labels: where both sides start. */
async function makeStart(folder, labelNames, seed) {
  const directory = await readModelDirectory(await ensureMiniLm());
  const tokenizer = await Tokenizer.load(directory.path, directory.modelType);
  const { tensors } = weightsForLabels(directory, labelNames);
  const model = await NativeModel.load({
    config: directory.config,
    labels: labelNames.length,
    tensors,
    seed,
    precision: "fp32",
    threads: 1,
  });
  await saveModelDirectory(folder, {
    config: directory.config,
    labelNames,
    tagformer: {},
    writeTokenizer: (target) => tokenizer.writeFiles(target),
    writeWeights: (file) => model.save(file),
  });
  await model.dispose();
}

/** Micro-F1 and seconds of every epoch. */
async function trainOurs(dataset, start, folder, { seed, ...options }) {
  const epochs = [];
  const trainer = new Trainer({
    preset: "plain",
    model: start,
    train: dataset,
    output: join(folder, "ours"),
    batchSize,
    warmup,
    seed,
    ...options,
  });
  for await (const event of trainer) {
    if (event.type !== "epoch") continue;
    epochs.push({ microF1: event.validation.micro.f1, loss: event.trainingLoss, seconds: event.seconds });
    say(`  tagformer, epoch ${event.epoch}: ${describe(epochs)}`);
  }
  return epochs;
}

async function trainTheirs(dataset, start, folder, { seed, epochs, maxLength, learningRate }) {
  const split = stratifiedSplit(dataset, { fraction: 0.1, seed });
  const tokenizer = await Tokenizer.load(start, "bert");
  const { ids, offsets } = await tokenizer.encode(dataset.texts, maxLength);
  const orders = Array.from({ length: epochs }, (_, i) => {
    const order = Int32Array.from(split.train.keys());
    generator(seed, `epoch ${i + 1}`).shuffle(order);
    return Array.from(order, (row) => split.train[row]);
  });
  const request = join(folder, "request.json");
  const answer = join(folder, "answer.json");
  writeFileSync(
    request,
    JSON.stringify({
      model: start,
      rows: Array.from(dataset.texts, (_, i) => Array.from(ids.subarray(offsets[i], offsets[i + 1]))),
      labels: Array.from(dataset.labels),
      orders,
      validation: Array.from(split.validation),
      seed,
      batchSize,
      warmup,
      learningRate,
      answer,
    }),
  );
  run(await ensureParityPython(), join("scripts", "finetune_reference.py"), request);
  return JSON.parse(readFileSync(answer, "utf8"));
}

function describe(epochs) {
  return epochs.map(({ microF1 }) => microF1.toFixed(4)).join(" ");
}

function report(results, precision) {
  const best = (epochs) => Math.max(...epochs.map(({ microF1 }) => microF1));
  const side = (name) => {
    const figures = results.map((result) => best(result[name]));
    const mean = figures.reduce((sum, x) => sum + x, 0) / figures.length;
    return { mean, low: Math.min(...figures), high: Math.max(...figures) };
  };
  const [ours, theirs] = [side("ours"), side("theirs")];
  const line = (name, { mean, low, high }) =>
    `${name.padEnd(16)} ${mean.toFixed(4)}  (${low.toFixed(4)} to ${high.toFixed(4)})`;
  process.stdout.write(`best validation micro-F1 of ${results.length} seeds: mean (lowest to highest)\n`);
  process.stdout.write(`${line(`tagformer ${precision}`, ours)}\n${line("Hugging Face", theirs)}\n`);
  const spread = Math.max(ours.high - ours.low, theirs.high - theirs.low);
  const difference = Math.abs(ours.mean - theirs.mean);
  const within = difference <= spread;
  process.stdout.write(
    `the means differ by ${difference.toFixed(4)}; the seeds alone differ by ${spread.toFixed(4)}\n`,
  );
  if (!within) process.exitCode = 1;
}
