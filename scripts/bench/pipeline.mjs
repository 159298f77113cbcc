// node scripts/bench/pipeline.mjs [FOLDER] [--json]: from the raw table to tokens and split, on look-alikes of 159,571 comments
// (examples/toxic-comments) that are written first, or on FOLDER/train.csv; and splits of 160,000 rows with 100 labels.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generator } from "../../dist/base/random.js";
import {
  evaluate,
  inspectDataset,
  readDataset,
  stratifiedFolds,
  stratifiedSplit,
  worstMistakes,
} from "../../dist/index.js";
import { Tokenizer } from "../../dist/text/tokenizer.js";
import { ensureMiniLm } from "../parity-python.mjs";
import { root, say } from "../steps.mjs";
import { describeMachine, warnIfBusy } from "./machine.mjs";

/** What the pipeline may take, on two cores. */
const limits = { seconds: 60, mebibytes: 2048 };
const maxLength = 100;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const seconds = {};

async function timed(name, work) {
  const start = performance.now();
  const result = await work();
  seconds[name] = (performance.now() - start) / 1000;
  say(`${name.padEnd(28)} ${seconds[name].toFixed(2)} s`);
  return result;
}

/** The folder with train.csv; a process of its own writes it, whose memory is not ours. */
function lookAlikes() {
  const folder = mkdtempSync(join(tmpdir(), "tagformer-look-alikes-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  say("writing look-alikes of 159,571 comments");
  const script = join(root, "examples", "toxic-comments", "generate.mjs");
  const { status } = spawnSync(process.execPath, [script, folder], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("the look-alikes could not be written");
  return folder;
}

/** Rows with 100 labels of very different frequency, as in tables of tags. */
function manyLabels(rows, labels) {
  const random = generator(1, "many labels");
  const shares = Array.from({ length: labels }, (_, label) => 0.3 / (label + 1));
  return {
    labelNames: shares.map((_, label) => `label ${label}`),
    labels: Float32Array.from({ length: rows * labels }, (_, i) =>
      Number(random.float() < shares[i % labels]),
    ),
  };
}

const folder = positionals[0] ?? lookAlikes();
const file = join(folder, "train.csv");
if (!existsSync(file)) throw new Error(`${file} does not exist`);
const machine = describeMachine();
warnIfBusy(machine);
const model = await ensureMiniLm();

const { dataset } = await timed("read the table", () => readDataset(file));
const inspection = await timed("inspect it", () => inspectDataset(dataset));
await timed("split by combinations", () =>
  stratifiedSplit(dataset, { fraction: 0.1, seed: 2020, method: "combinations" }),
);
await timed("split iteratively", () =>
  stratifiedSplit(dataset, { fraction: 0.1, seed: 2020, method: "iterative" }),
);
const tokens = await timed(`tokens, at most ${maxLength} a text`, async () => {
  const tokenizer = await Tokenizer.load(model, "bert");
  const encoded = await tokenizer.encode(dataset.texts, maxLength);
  await tokenizer.dispose();
  return encoded;
});
const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
const mebibytes = process.resourceUsage().maxRSS / 1024;
say(
  `${dataset.texts.length} rows, ${inspection.words.mean.toFixed(1)} words each, ${tokens.ids.length} tokens: ${total.toFixed(1)} s of ${limits.seconds}, ${mebibytes.toFixed(0)} MiB of ${limits.mebibytes}`,
);

const pipeline = { ...seconds };
const many = manyLabels(160_000, 100);
for (const method of ["combinations", "iterative"]) {
  await timed(`160,000 x 100, ${method}`, () => stratifiedSplit(many, { fraction: 0.1, seed: 1, method }));
  await timed(`  in five folds, ${method}`, () => stratifiedFolds(many, { folds: 5, seed: 1, method }));
}
// Metrics and mistakes as `tagformer evaluate` computes them, without the model.
const wide = manyLabels(1_000_000, 6);
const scores = { logits: wide.labels.map((set, i) => 3 * set - 2 + Math.sin(i)) };
await timed("metrics of 1,000,000 x 6", () => evaluate(scores, wide.labels, wide.labelNames));
await timed("  and the mistakes", () =>
  worstMistakes(scores, wide.labels, wide.labelNames, Number.POSITIVE_INFINITY),
);
if (values.json)
  console.log(
    JSON.stringify(
      { machine, rows: dataset.texts.length, tokens: tokens.ids.length, pipeline, total, mebibytes, seconds },
      null,
      2,
    ),
  );
if (total > limits.seconds || mebibytes > limits.mebibytes) process.exitCode = 1;
