// npm run bench: training and prediction against Hugging Face PyTorch, on the same weights and batches. Every sample is
// a process of its own, and the contestants take turns. Figures go to stdout, progress to stderr.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { runPython } from "./bench/contestants.mjs";
import { workloadFlops } from "./bench/flops.mjs";
import { describeMachine, warnIfBusy, warnIfUnsteady, writeReport } from "./bench/machine.mjs";
import { help, keyOf, models, readOptions, schedule } from "./bench/plan.mjs";
import { renderFigures, renderRatios, summarize } from "./bench/results.mjs";
import { takeSamples } from "./bench/samples.mjs";
import { checkParity, makeWorkload, sampleRequest } from "./bench/workload.mjs";
import { ensureParityPython } from "./parity-python.mjs";
import { main, say, setUp } from "./steps.mjs";

await main(async () => {
  const options = readOptions(process.argv.slice(2), availableParallelism());
  if (options.help) return void process.stdout.write(help);
  setUp();
  await ensureParityPython();
  const folder = mkdtempSync(join(tmpdir(), "tagformer-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGINT", () => process.exit(130));
  await bench(options, folder);
});

async function bench(options, folder) {
  const date = new Date().toISOString();
  const machine = describeMachine();
  warnIfBusy(machine);
  const workloads = await prepare(options, folder);
  const { before, after, samples } = await measure(options, workloads);
  const versions = { ...(await ourVersions()), ...before.versions };
  const ceilings = higher(before.ceilings, after.ceilings);

  process.stdout.write(headline({ machine, options, versions, ceilings }));
  const results = workloads.flatMap((workload) =>
    options.works.map((work) => figuresOf(workload, work, ceilings, samples)),
  );
  for (const figures of results) process.stdout.write(textOf(figures));

  const parity = Object.fromEntries(workloads.map(({ model, differences }) => [model, differences]));
  const bothCeilings = { before: before.ceilings, after: after.ceilings };
  const file = writeReport({ date, machine, versions, options, ceilings: bothCeilings, parity, results });
  say(`bench: every sample is in ${file}`);
}

/** The workloads, checked: nothing is timed before both sides compute the same. */
async function prepare(options, folder) {
  const workloads = [];
  for (const model of options.models) {
    const workload = await makeWorkload(model, options, folder);
    workloads.push({ ...workload, differences: await checkParity(workload) });
  }
  return workloads;
}

async function measure(options, workloads) {
  const before = await measureCeilings(options);
  const byModel = new Map(workloads.map((workload) => [workload.model, workload]));
  const samples = await takeSamples(schedule(options), ({ model, work }) =>
    sampleRequest(byModel.get(model), work),
  );
  const after = await measureCeilings(options);
  warnIfUnsteady(before.ceilings, after.ceilings);
  return { before, after, samples };
}

function measureCeilings({ threads }) {
  say("bench: measuring large matrix products");
  return runPython("ceiling.py", { threads });
}

function figuresOf({ model, lengths }, work, ceilings, samples) {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const flops = workloadFlops(models[model].shape, lengths, work);
  const samplesOf = (configuration) => samples.get(keyOf({ model, work, configuration }));
  return {
    model,
    work,
    rows: lengths.length,
    tokens,
    flops,
    ...summarize({ rows: lengths.length, tokens, flops, ceilings, samplesOf }),
  };
}

/** What else ran on the machine can only lower a ceiling. */
function higher(before, after) {
  return { fp32: Math.max(before.fp32, after.fp32), bf16: Math.max(before.bf16, after.bf16) };
}

function headline({ machine, options, versions, ceilings }) {
  const gigaflops = (value) => `${Math.round(value / 1e9)} GFLOP/s`;
  return `
${machine.cpu}, ${options.threads} threads
tagformer ${versions.tagformer} with libtorch ${versions.libtorch}; transformers ${versions.transformers} with PyTorch ${versions.torch}
Ceiling (large matrix products in PyTorch): fp32 ${gigaflops(ceilings.fp32)}, bf16 ${gigaflops(ceilings.bf16)}
Medians of ${options.pairs} processes each; ratios of pairs with their 95 % bootstrap intervals
`;
}

function textOf({ model, work, rows, tokens, results, ratios }) {
  const title = `${work} ${models[model].title}: ${rows} texts, ${tokens} tokens`;
  return `\n${title}\n\n${renderFigures(results)}\n${renderRatios(ratios)}`;
}

async function ourVersions() {
  const { findBuiltAddon, packageVersion } = await import("../dist/install/locations.js");
  return {
    tagformer: packageVersion(),
    libtorch: findBuiltAddon().torchVersion,
    node: process.versions.node,
  };
}
