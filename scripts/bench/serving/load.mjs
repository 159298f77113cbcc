// Load from the same machine, by autocannon.
import { createRequire } from "node:module";
import { join } from "node:path";
import { servers } from "./contestants.mjs";

/** A request that takes longer hangs, in seconds. */
const timeout = 120;

/**
 * Asks a server about one text after the other on each of many connections.
 *
 * @param load.connections open at a time
 * @param load.duration seconds; or `amount` of requests
 * @param load.overallRate requests a second; as fast as they are answered by default
 * @returns requests that were answered with 200 a second, times in milliseconds, and what was not answered
 */
export async function put(key, url, { autocannon: folder, texts }, load) {
  const autocannon = createRequire(join(folder, "package.json"))("autocannon");
  const requests = texts.map((text) => {
    const [path, body] = servers[key].ask(text);
    const headers = { "content-type": "application/json" };
    return { method: "POST", path, headers, body: JSON.stringify(body) };
  });
  const refusals = [];
  const setupClient = (client) =>
    client.on("response", (status, _bytes, milliseconds) => {
      if (status === 429) refusals.push(milliseconds);
    });
  const result = await autocannon({ url, requests, timeout, setupClient, ...load });
  return {
    perSecond: result["2xx"] / result.duration,
    median: result.latency.p50,
    p99: result.latency.p99,
    answered: result["2xx"],
    refused: refusals.length,
    refusedP99: percentile(refusals, 0.99),
    failed: result.non2xx - refusals.length + result.errors,
    hung: result.timeouts,
  };
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
