// One cell of the lifetime table: node lifetime.mjs EVENT MOMENT DELAY DIRECTORY
// Begins work on this thread, or in a worker, and lets the event happen DELAY milliseconds later.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { report, Work } from "./work.mjs";

const [event, moment, delay, directory] = process.argv.slice(2);

/** Of events after which nothing else happens here. */
const forever = new Promise(() => {});

const eventsHere = {
  "process.exit()": () => process.exit(7),
  "uncaught exception": () => {
    setImmediate(() => {
      throw new Error("on purpose");
    });
    return forever;
  },
  "unhandled rejection": () => {
    Promise.reject(new Error("on purpose"));
    return forever;
  },
  SIGTERM: () => process.kill(process.pid, "SIGTERM"),
  "natural exit": () => {},
  dispose: (work) => work.dispose(),
  "dispose twice": (work) => work.dispose().then(() => work.dispose()),
  "dispose by several": (work) => Promise.all([work.dispose(), work.dispose(), work.dispose()]),
};

const eventsOfWorker = {
  "worker.terminate()": (worker) => worker.terminate(),
  "worker's process.exit()": () => {},
  "worker's natural end": () => {},
};

if (event in eventsHere) {
  const work = await Work.begin(moment, directory);
  await sleep(Number(delay));
  report({ pending: work.pending, at: Date.now() });
  await eventsHere[event](work);
  report({ outcomes: await work.outcomes() });
} else {
  const worker = new Worker(new URL("lifetime-worker.mjs", import.meta.url), {
    argv: [event, moment, delay, directory],
  });
  const ended = once(worker, "exit");
  const [pending] = await once(worker, "message");
  report({ pending, at: Date.now() });
  await eventsOfWorker[event](worker);
  const [workerEnd] = await ended;
  report({ workerEnd });
}
