// The worker of lifetime.mjs: begins work, tells how much of it is under way, and may leave.
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { Work } from "./work.mjs";

const [event, moment, delay, directory] = process.argv.slice(2);
const work = await Work.begin(moment, directory);
await sleep(Number(delay));
parentPort.postMessage(work.pending);
if (event === "worker.terminate()") parentPort.ref(); // an idle worker would be gone before that
if (event === "worker's process.exit()") process.exit(5);
