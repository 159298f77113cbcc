// How long the event loop stands still while something is done. The longest delay that perf_hooks sees, and the longest time
// that the thread held the loop up itself: without the time in which it was ready to go on and the system ran something else.
// Neither counts the time in which a virtual machine was not run at all, "steal" in proc_stat(5).
import { existsSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two looks at the clock, which are no delay. */
const resolution = 1;
const schedule = `/proc/self/task/${process.pid}/schedstat`; // of the main thread; Linux
/** Of each part that was watched, in milliseconds. */
export const delays = {};
export const held = {};

/** Milliseconds that the thread has spent ready to run, but not running. */
function waited() {
  return existsSync(schedule) ? Number(readFileSync(schedule, "utf8").split(" ")[1]) / 1e6 : 0;
}

/** Milliseconds for which each processor was taken away from this machine; the kernel counts in hundredths of a second. */
function stolen() {
  if (!existsSync("/proc/stat")) return [0];
  const processors = readFileSync("/proc/stat", "utf8").match(/^cpu\d.*/gm);
  return processors.map((line) => Number(line.split(" ")[8]) * 10);
}

/** The most that was taken of one processor between two looks. */
const stolenBetween = (before, after) => Math.max(...after.stolen.map((time, i) => time - before.stolen[i]));

/** Does some work, and notes how long the loop stood still meanwhile. */
export async function watch(part, work) {
  const histogram = monitorEventLoopDelay({ resolution });
  delays[part] = 0;
  held[part] = 0;
  let looks = [];
  const clock = setInterval(() => {
    const delay = histogram.max / 1e6;
    looks.push({ time: performance.now(), waited: waited(), stolen: stolen(), delay });
    if (looks.length < 4) return;
    // perf_hooks and the kernel may count what happened between two turns a turn sooner or later.
    const [before, from, to, after] = looks;
    const taken = stolenBetween(before, after);
    delays[part] = Math.max(delays[part], to.delay - resolution - taken);
    held[part] = Math.max(held[part], to.time - from.time - (to.waited - from.waited) - resolution - taken);
    looks.shift();
    if (taken === 0) return;
    histogram.reset(); // of what was taken
    looks = [];
  }, resolution);
  histogram.enable();
  await sleep(20);
  const result = await work();
  await sleep(20);
  histogram.disable();
  clearInterval(clock);
  return result;
}

/** Sorts 30,000 numbers a few times: about ten milliseconds on one core of a server of 2023. */
export function timePiece() {
  const numbers = Float64Array.from({ length: 30_000 }, (_, i) => (i * 7919) % 104_729);
  const times = Array.from({ length: 5 }, () => {
    const [started, waitedBefore] = [performance.now(), waited()];
    for (let i = 0; i < 4; i++) numbers.slice().sort();
    return performance.now() - started - (waited() - waitedBefore);
  });
  return times.sort((a, b) => a - b)[2];
}
