// One process at a time: a file that says who holds it, kept fresh while it is held.
import { readFileSync, rmSync, statSync, utimes, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDirectoriesSync } from "../base/directories.js";
import { isRunning } from "../base/running-process.js";

const heartbeatMs = 2_000;
const staleAfterMs = 20_000;
const pollMs = 500;

/**
 * Runs `action` while holding the lock `file`; waits for another process that holds it. What a killed process left
 * behind does not count.
 *
 * @param onWait is called once when there is something to wait for
 */
export async function withLock<T>(file: string, onWait: () => void, action: () => Promise<T>): Promise<T> {
  makeDirectoriesSync(dirname(file));
  let told = false;
  while (!take(file)) {
    if (isStale(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) onWait();
    told = true;
    await sleep(pollMs);
  }
  const heartbeat = setInterval(() => utimes(file, new Date(), new Date(), () => {}), heartbeatMs).unref();
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    process.off("exit", release);
    release();
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid} ${hostname()}`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Whether its holder is known to be gone, or has not been heard of for long: it may run on another host. */
function isStale(file: string): boolean {
  try {
    const [pid, host] = readFileSync(file, "utf8").split(" ");
    if (host === hostname() && !isRunning(Number(pid))) return true;
    return Date.now() - statSync(file).mtimeMs > staleAfterMs;
  } catch {
    return false; // released in between
  }
}
