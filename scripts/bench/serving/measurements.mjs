// What is measured of the servers; every measurement starts a server of its own.
import { once } from "node:events";
import { contestants } from "../contestants.mjs";
import { runContestant } from "../processes.mjs";
import { median } from "../statistics.mjs";
import { pairs, servers } from "./contestants.mjs";
import { metric, put, putAtRate } from "./load.mjs";
import { ask, withServer } from "./server-process.mjs";

const connections = 64;
/** Node.js measures the lag of its event loop every so many seconds, and counts them in. */
const lagResolution = 0.01;
/** The part of a peer's throughput at which it still answers in time. */
const bearable = 0.8;
/** How many times as much is asked of an overloaded server as it can answer. */
const overload = 10;
/** So that there is no room for more, and not for lack of clients. */
const overloadedQueue = "8192";
const resident = (url) => metric(url, "process_resident_memory_bytes");

/** Texts a second of `classifier.predict`, all texts in one call: the median of some. */
export async function measureCall(precision, { request, texts }) {
  const { seconds } = await runContestant(contestants[precision], request);
  return texts.length / median(seconds);
}

/** A server with many clients, each of which asks about one text at a time. */
export function measureThroughput(key, setting) {
  const { server, warmUp, duration } = setting;
  return withServer(key, server, async (url) => {
    await put(key, url, setting, { connections, duration: warmUp });
    const isOurs = key in pairs;
    if (isOurs) await metric(url, "nodejs_eventloop_lag_p99_seconds"); // what is read is counted from here on
    const load = await put(key, url, setting, { connections, duration });
    if (load.answered === 0) throw new Error(`${servers[key].name} answered nothing within ${duration} s`);
    const lag = isOurs ? (await metric(url, "nodejs_eventloop_lag_p99_seconds")) - lagResolution : null;
    return { ...load, lag };
  });
}

/** The time within which 99 % of the requests are answered when as many come as a peer can bear. */
export function measureLatency(key, perSecond, setting) {
  const { server, warmUp, latencyDuration: duration } = setting;
  const rate = bearable * perSecond;
  return withServer(key, server, async (url) => {
    await putAtRate(key, url, setting, { perSecond: rate, duration: warmUp });
    return await putAtRate(key, url, setting, { perSecond: rate, duration });
  });
}

/** Ten times what the server can compute. */
export function measureOverload(key, perSecond, setting) {
  const { server, warmUp, overloadDuration: duration } = setting;
  const environment = { TAGFORMER_MAX_QUEUE_TOKENS: overloadedQueue };
  return withServer(key, { ...server, environment }, async (url) => {
    await put(key, url, setting, { connections, duration: warmUp });
    const before = await resident(url);
    const load = await putAtRate(key, url, setting, { perSecond: overload * perSecond, duration });
    return { ...load, goodput: load.perSecond / perSecond, memory: (await resident(url)) / before };
  });
}

/** The memory after many requests, against that after a tenth of them. */
export function measureMemory(key, setting) {
  const { server, amount } = setting;
  return withServer(key, server, async (url) => {
    await put(key, url, setting, { connections, amount: Math.ceil(amount / 10) });
    const before = await resident(url);
    await put(key, url, setting, { connections, amount });
    return { amount, memory: (await resident(url)) / before };
  });
}

/** Requests of clients that go on until the server, which is told to stop meanwhile, refuses a connection. */
export function measureDrain(key, setting) {
  const { server, texts, drained } = setting;
  return withServer(key, server, async (url, child) => {
    const ended = once(child, "close");
    let answered = 0;
    let lost = 0;
    const client = async () => {
      while (answered + lost < drained) {
        await ask(key, url, texts[answered % texts.length]).then(
          () => answered++,
          () => lost++,
        );
        if (answered === Math.floor(0.9 * drained)) child.kill("SIGTERM");
      }
    };
    await Promise.all(Array.from({ length: connections }, client));
    const [status] = await ended;
    return { answered, lost, status };
  });
}
