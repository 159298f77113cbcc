// The add-on in several places at once: node places.mjs PLACE [URL|CACHE...]
// Two copies are given by the address of their native/model.js, and the cache directory with their add-on.
// Every place asks the same model the same question; the answers are reported.
import { fork } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { answer, report } from "./work.mjs";

const [place, ...copies] = process.argv.slice(2);
const self = fileURLToPath(import.meta.url);

/** The answer of a worker or process, which ends by itself. */
async function from(other) {
  const [[found], [code]] = await Promise.all([once(other, "message"), once(other, "exit")]);
  if (code !== 0) throw new Error(`exit code ${code}`);
  return found;
}

const inWorker = () => from(new Worker(self));

const places = {
  "eight workers": () => Promise.all(Array.from({ length: 8 }, inWorker)),
  "one worker after the other": async () => [await inWorker(), await inWorker(), await inWorker()],
  "main and worker": () => Promise.all([answer(), inWorker(), answer()]),
  "main and a worker that is terminated": async () => {
    const worker = new Worker(self);
    const found = answer();
    await worker.terminate();
    return [await found, await answer()];
  },
  "two copies": async () => {
    const doors = [];
    for (const copy of copies) {
      const [url, cache] = copy.split("|");
      process.env.TAGFORMER_CACHE = cache;
      const { NativeModel } = await import(url);
      await answer(NativeModel); // opens its add-on
      doors.push(NativeModel);
    }
    return Promise.all(doors.map((door) => answer(door)));
  },
  "child_process.fork": async () => [await answer(), await from(fork(self, ["child"]))],
  cluster: async () => {
    cluster.setupPrimary({ exec: self, args: ["child"] });
    const first = await answer();
    return [first, ...(await Promise.all([from(cluster.fork()), from(cluster.fork())]))];
  },
};

if (!isMainThread) parentPort.postMessage(await answer());
else if (place === "child") process.send(await answer(), () => process.disconnect());
else report({ answers: await places[place]() });
