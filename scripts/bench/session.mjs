// A whole run: everything prepared and checked, every task measured, everything kept.
import { say } from "../steps.mjs";
import { contestants } from "./contestants.mjs";
import { workloadFlops } from "./flops.mjs";
import { checkParity } from "./gate.mjs";
import { describeMachine, warnIfBusy, warnIfUnsteady, writeReport } from "./machine.mjs";
import { ensureNodePeers, nodePeers } from "./peers.mjs";
import { ensureWorkload } from "./prepare.mjs";
import { Probe } from "./probe.mjs";
import { runContestant } from "./processes.mjs";
import { models, tasksOf } from "./protocol.mjs";
import { Sampler } from "./samples.mjs";

const optimizer = {
  learningRate: 2e-5,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 1,
};

/** What is predicted to warm up: this many of the longest texts. */
const warmUpRows = 8;

/** What a contestant needs to know for a task. */
export async function makeRequests(modelNames, threads) {
  const peers = await ensureNodePeers();
  const workloads = new Map();
  for (const name of modelNames) workloads.set(name, await ensureWorkload(name));
  return {
    requestOf({ model, work, set, batchSize, warmUp, passes }) {
      const { directory } = workloads.get(model);
      return { directory, work, set, batchSize, warmUp, warmUpRows, passes, threads, optimizer, peers };
    },
    lengthsOf: ({ model, set }) => workloads.get(model).lengths[set],
  };
}

/** @returns the report that is kept, and its file */
export async function runProtocol({ models: modelNames, works, pairs, threads }) {
  if (tasksOf(modelNames, works).length === 0) {
    throw new Error(`${modelNames.join(", ")} has no part in ${works.join(", ")}`);
  }
  const machine = describeMachine();
  warnIfBusy(machine);
  const { requestOf, lengthsOf } = await makeRequests(modelNames, threads);
  const { parity, tasks } = await passGate(modelNames, works, requestOf);

  const probe = await Probe.start(threads);
  const before = await probe.ceilings();
  const report = {
    date: new Date().toISOString(),
    machine,
    versions: { ...(await ourVersions()), ...nodePeers, ...probe.versions },
    options: { pairs, threads },
    ceilings: { before, after: before },
    parity,
    tasks: [],
  };
  const measure = (name, task) => runContestant(contestants[name], requestOf(task));
  const sampler = new Sampler(tasks, pairs, { probe, ceiling: before.fp32, measure });
  let file;
  for (const task of tasks) {
    report.tasks.push({ ...task, ...sizeOf(task, lengthsOf(task)), samples: await sampler.take(task) });
    report.ceilings.after = await probe.ceilings();
    file = writeReport(report); // what is measured is kept, whatever comes
  }
  probe.stop();
  warnIfUnsteady(before, report.ceilings.after);
  say(`bench: every sample is in ${file}`);
  return { report, file };
}

/** @returns the differences of each model, and the tasks with those who can take part */
async function passGate(modelNames, works, requestOf) {
  const parity = {};
  const tasks = [];
  for (const model of modelNames) {
    const planned = tasksOf([model], works);
    if (planned.length === 0) continue;
    parity[model] = await checkParity(model, planned, requestOf);
    const isThere = (key) => !(key in parity[model].refusals);
    tasks.push(...planned.map((task) => ({ ...task, contestants: task.contestants.filter(isThere) })));
  }
  return { parity, tasks };
}

function sizeOf({ model, work }, lengths) {
  return {
    texts: lengths.length,
    tokens: lengths.reduce((sum, length) => sum + length, 0),
    flops: workloadFlops(models[model], lengths, work),
  };
}

async function ourVersions() {
  const { packageVersion } = await import("../../dist/base/package.js");
  const { findBuiltAddon } = await import("../../dist/install/built-addon.js");
  return {
    tagformer: packageVersion(),
    libtorch: findBuiltAddon().torchVersion,
    node: process.versions.node,
  };
}
