// Load from the same machine: by autocannon as much as a number of clients can put on, and by a sender of our own at a rate.
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { servers } from "./contestants.mjs";

/** A request that takes longer hangs, in seconds. */
const timeout = 120;

/** What a server is asked about each text. */
function requestsFor(key, texts) {
  return texts.map((text) => {
    const [path, body] = servers[key].ask(text);
    const headers = { "content-type": "application/json" };
    return { method: "POST", path, headers, body: JSON.stringify(body) };
  });
}

/**
 * Asks a server about one text after the other on each of many connections, as fast as it answers.
 *
 * @param load.connections open at a time
 * @param load.duration seconds; or `amount` of requests
 * @returns requests that were answered with 200 a second, times in milliseconds, and what was not answered
 */
export async function put(key, url, { autocannon: folder, texts }, load) {
  const autocannon = createRequire(join(folder, "package.json"))("autocannon");
  const requests = requestsFor(key, texts);
  let clients = 0;
  // Each begins elsewhere: all would ask about the first few texts alone, and slow servers about fewer than fast ones.
  const setupClient = (client) => {
    const first = clients++ % requests.length;
    client.setRequests([...requests.slice(first), ...requests.slice(0, first)]);
  };
  const result = await autocannon({ url, requests, timeout, setupClient, ...load });
  return {
    perSecond: result["2xx"] / result.duration,
    median: result.latency.p50,
    p99: result.latency.p99,
    answered: result["2xx"],
    failed: result.non2xx + result.errors,
    hung: result.timeouts,
  };
}

/**
 * Sends requests at a rate, whatever becomes of them, at times that know nothing of each other (a Poisson process). A time counts
 * from the moment when a request was to be sent. autocannon's rate is one of every connection and second: all of them
 * send at once.
 *
 * @param load.perSecond requests a second
 * @param load.duration seconds
 * @returns as {@link put}, and what was refused with 429
 */
export async function putAtRate(key, url, { texts }, { perSecond, duration }) {
  const requests = requestsFor(key, texts);
  const agent = new Agent({ keepAlive: true });
  const started = performance.now();
  const answers = [];
  let at = 0;
  for (let i = 0; at < 1000 * duration; i++) {
    const early = at - (performance.now() - started);
    if (early > 0) await sleep(early);
    answers.push(send(url, requests[i % requests.length], agent, started + at));
    at += (-1000 * Math.log(1 - Math.random())) / perSecond;
  }
  const outcomes = await Promise.all(answers);
  agent.destroy();
  const timesOf = (status) =>
    outcomes.filter((outcome) => outcome.status === status).map(({ milliseconds }) => milliseconds);
  const [answered, refused, hung] = [200, 429, "hung"].map(timesOf);
  return {
    perSecond: answered.length / duration,
    median: percentile(answered, 0.5),
    p99: percentile(answered, 0.99),
    answered: answered.length,
    refused: refused.length,
    refusedP99: percentile(refused, 0.99),
    failed: outcomes.length - answered.length - refused.length - hung.length,
    hung: hung.length,
  };
}

function send(url, { path, body, ...options }, agent, due) {
  return new Promise((resolve) => {
    const end = (status) => resolve({ status, milliseconds: performance.now() - due });
    const length = Buffer.byteLength(body);
    const headers = { ...options.headers, "content-length": length };
    const sent = request(`${url}${path}`, { ...options, headers, agent }, (response) =>
      response.resume().on("end", () => end(response.statusCode)),
    );
    sent.setTimeout(1000 * timeout, () => {
      end("hung");
      sent.destroy();
    });
    sent.on("error", (error) => end(error.code));
    sent.end(body);
  });
}

function percentile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? null;
}

/** The value of one of tagformer's metrics. */
export async function metric(url, name) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)[1]);
}
