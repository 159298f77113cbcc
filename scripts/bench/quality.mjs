// node scripts/bench/quality.mjs [--only quickstart,comments] [--seeds 5] [--table TABLE] [--json]: what bf16 and int8 cost in
// quality. For every seed a model is trained in fp32 and one in bf16, on the same rows, and both judge rows that neither
// has seen: the one from fp32 in every precision, too. `quickstart` trains its small BERT on its tickets, and judges 4,000
// others; `comments` trains MiniLM on 70 % of the 3,000 real comments of ../shared/data, or of another table.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Classifier, readDataset, selectRows, stratifiedSplit, Trainer } from "../../dist/index.js";
import { quickstartTickets } from "../../examples/quickstart/generate.mjs";
import { labelNames, writeTickets } from "../../examples/quickstart/tickets.mjs";
import { trainingOptions } from "../../examples/quickstart/training-options.mjs";
import { ensureMiniLm } from "../parity-python.mjs";
import { main, root, say } from "../steps.mjs";
import { chosen, count } from "./plan.mjs";
import { judge, verdictOf } from "./quality-verdict.mjs";
import { terminalTable } from "./tables.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seeds: { type: "string" },
    table: { type: "string", default: join(root, "../shared/data/jigsaw-3000.csv") },
    json: { type: "boolean", default: false },
  },
});

/** Each gives the training rows, the rows to judge, and how to train. */
const studies = {
  async quickstart() {
    const training = datasetOf("the quickstart's tickets", quickstartTickets());
    const unseen = datasetOf("other tickets", writeTickets(4000, 1));
    return () => ({ training, unseen, options: trainingOptions });
  },

  async comments() {
    const { dataset } = await readDataset(values.table);
    const model = await ensureMiniLm();
    const options = { model, epochs: 4, batchSize: 32, learningRate: 1e-4, maxLength: 64 };
    return (seed) => {
      const split = stratifiedSplit(dataset, { fraction: 0.3, seed });
      return {
        training: selectRows(dataset, split.train),
        unseen: selectRows(dataset, split.validation),
        options,
      };
    };
  },
};

function datasetOf(source, tickets) {
  return {
    source,
    labelNames,
    texts: tickets.map(({ text }) => text),
    labels: Float32Array.from(tickets.flatMap(({ labels }) => labels.map((label) => label ?? Number.NaN))),
  };
}

/** Trains one model and gives its micro-F1 in each of the precisions that this version knows. */
async function trainAndJudge({ training, unseen, options }, seed, precision, judged) {
  const folder = mkdtempSync(join(tmpdir(), "tagformer-quality-"));
  try {
    const output = join(folder, "model");
    const trainer = new Trainer({
      preset: "plain",
      ...options,
      train: training,
      validationSplit: 0,
      output,
      seed,
      precision,
      report: false,
    });
    for await (const _ of trainer); // to its end
    const figures = {};
    for (const way of judged) figures[way] = await microF1(output, unseen, way);
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function microF1(model, unseen, precision) {
  let classifier;
  try {
    classifier = await Classifier.load(model, { precision });
  } catch (error) {
    if (error.code !== "INVALID_OPTION") throw error;
    return null; // this version does not know the precision
  }
  const { metrics } = await classifier.evaluate(unseen);
  await classifier.dispose();
  return metrics.micro.f1;
}

await main(async () => {
  const names = chosen("only", values.only, Object.keys(studies), Object.keys(studies));
  const seeds = count("seeds", values.seeds, 5);
  const report = {};
  for (const name of names) {
    const study = await studies[name]();
    const rows = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const task = study(seed);
      const { fp32, bf16, int8 } = await trainAndJudge(task, seed, "fp32", ["fp32", "bf16", "int8"]);
      const { bf16: trained } = await trainAndJudge(task, seed, "bf16", ["bf16"]);
      rows.push({ fp32, "predicted in bf16": bf16, "predicted in int8": int8, "trained in bf16": trained });
      say(`${name}, seed ${seed}: ${JSON.stringify(rows.at(-1))}`);
    }
    report[name] = { rows, changes: judge(rows) };
  }
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  for (const [name, { rows, changes }] of Object.entries(report)) {
    if (!values.json)
      process.stdout.write(`\n${name}: micro-F1, and its change from fp32\n${tableOf(rows, changes)}`);
    if (changes.some((change) => verdictOf(change) === "worse")) process.exitCode = 1;
  }
});

function tableOf(rows, changes) {
  const columns = ["fp32", ...changes.map(({ name }) => name)];
  const bySeed = rows.map((row, i) => [`seed ${i + 1}`, ...columns.map((name) => row[name].toFixed(4))]);
  const signed = (value) => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
  const mean = ["mean change", "", ...changes.map(({ mean }) => signed(mean))];
  const interval = [
    "its 95 % interval",
    "",
    ...changes.map(({ low, high }) => `${signed(low)} to ${signed(high)}`),
  ];
  return terminalTable([["", ...columns], ...bySeed, mean, interval, ["", "", ...changes.map(verdictOf)]]);
}
