// npm run bench -- --only serve: the server against what people write by hand, on the same weights and texts.
import { say } from "../../steps.mjs";
import { describeMachine, warnIfBusy, writeReport } from "../machine.mjs";
import { ensureServingPackages, ensureServingPeers, nodePeers, servingPeers } from "../peers.mjs";
import { schedule } from "../plan.mjs";
import { models } from "../protocol.mjs";
import { makeRequests } from "../session.mjs";
import { median } from "../statistics.mjs";
import { terminalTable } from "../tables.mjs";
import { readTexts } from "../texts.mjs";
import { pairs as comparisons, servers } from "./contestants.mjs";
import {
  measureCall,
  measureDrain,
  measureLatency,
  measureMemory,
  measureOverload,
  measureThroughput,
} from "./measurements.mjs";
import { ask, withServer } from "./server-process.mjs";
import { servingTable } from "./table.mjs";

/** Rounds of which the medians are taken. */
const mostRounds = 3;
const usual = {
  warmUp: 5,
  duration: 30,
  latencyDuration: 60,
  overloadDuration: 60,
  amount: 100_000,
  drained: 10_000,
};
const brief = {
  warmUp: 2,
  duration: 6,
  latencyDuration: 6,
  overloadDuration: 6,
  amount: 2000,
  drained: 1000,
};
/** Scores of two servers of the same weights in fp32 differ by less. */
const sameScores = 1e-3;
const keys = Object.keys(servers);

/** Measures everything, prints the table and keeps the figures. */
export async function benchServing({ models: names, pairs, threads, quick }) {
  const model = names.find((name) => models[name].isConverted);
  if (!model) throw new Error(`${names.join(", ")} has no part in serve`);
  const machine = describeMachine();
  warnIfBusy(machine);
  const setting = await settingOf(model, threads, quick ? brief : usual);
  await checkScores(setting);
  const rounds = Math.min(pairs, mostRounds);
  const throughput = await inRounds(rounds, [...keys, "call-fp32", "call-int8"], (key) =>
    key.startsWith("call-") ? measureCall(key.slice(5), setting) : measureThroughput(key, setting),
  );
  const perSecond = (key) => median(throughput[key].map((sample) => sample.perSecond ?? sample));
  const latency = {};
  for (const [ours, peers] of Object.entries(comparisons)) {
    for (const peer of peers)
      latency[peer] = await inRounds(rounds, [peer, ours], (key) =>
        measureLatency(key, perSecond(peer), setting),
      );
  }
  const overload = await inRounds(1, Object.keys(comparisons), (key) =>
    measureOverload(key, perSecond(key), setting),
  );
  const small = await settingOf("minilm", threads, quick ? brief : usual);
  const [drain] = (await inRounds(1, ["fp32"], (key) => measureDrain(key, small))).fp32;
  const [memory] = (await inRounds(1, ["fp32"], (key) => measureMemory(key, small))).fp32;
  const figures = { throughput, latency, overload, drain, memory };
  const versions = { node: process.versions.node, ...nodePeers, ...servingPeers };
  const report = { date: new Date().toISOString(), machine, versions, model, threads, rounds, figures };
  const file = writeReport(report);
  process.stdout.write(terminalTable(servingTable(figures)));
  say(`bench: every sample is in ${file}`);
}

/** What all measurements need to know. */
async function settingOf(model, threads, load) {
  const { requestOf } = await makeRequests([model], threads);
  const work = { model, work: "predict", set: "mixed", batchSize: 32, warmUp: 1, passes: 5 };
  const request = requestOf(work);
  const server = {
    directory: request.directory,
    peers: request.peers,
    packages: await ensureServingPackages(),
    threads,
  };
  return {
    ...load,
    request,
    server,
    texts: readTexts(request).texts,
    autocannon: await ensureServingPeers(),
  };
}

/** Figures of servers that answer something else would be worth nothing. */
async function checkScores({ server, texts }) {
  const scores = {};
  for (const key of keys)
    scores[key] = await withServer(key, server, async (url) => {
      const answers = [];
      for (const text of texts.slice(0, 8)) answers.push(await ask(key, url, text));
      return answers;
    });
  for (const key of keys.filter((name) => servers[name].precision === "fp32")) {
    for (const [i, expected] of scores.fp32.entries()) {
      for (const [label, score] of Object.entries(expected)) {
        const difference = Math.abs(scores[key][i][label] - score);
        if (!(difference < sameScores))
          throw new Error(
            `bench: ${servers[key].name} gives ${label} ${scores[key][i][label]}, and tagformer ${score}`,
          );
      }
    }
  }
}

/** @returns the samples of each contestant, which take turns */
async function inRounds(rounds, contestants, measure) {
  const samples = Object.fromEntries(contestants.map((key) => [key, []]));
  for (const key of schedule({ contestants }, rounds)) {
    const sample = await measure(key);
    samples[key].push(sample);
    say(`bench: ${servers[key]?.name ?? key}: ${JSON.stringify(sample)}`);
  }
  return samples;
}
