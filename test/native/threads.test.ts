// How many threads each model computes with. What the system counts tells: libtorch's OpenMP keeps a pool for each thread
// that asks for work, and makes it smaller when less is asked.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { findBuiltAddon } from "../../src/install/built-addon.js";
import { batchOf, config, freshModel, labels } from "./tiny-bert.js";

interface Session {
  load(spec: object, job: number): Promise<unknown>;
  predict(batch: object, job: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

const spec = { config, labels, tensors: [], seed: 1, precision: "fp32" };
const threads = () => readdirSync("/proc/self/task").length;

/** The number of threads when those that are ending have ended: the same for a second. */
async function settledThreads(): Promise<number> {
  let last = threads();
  for (let looks = 0; looks < 10; looks++) {
    await sleep(100);
    if (threads() === last) continue;
    last = threads();
    looks = 0;
  }
  return last;
}

it.runIf(process.platform === "linux")("models without a number of their own share the cores", async () => {
  await (await freshModel()).dispose(); // opens the add-on without holding up the event loop
  const { Session } = createRequire(import.meta.url)(findBuiltAddon()!.file) as {
    Session: new (options: { threads: number; cores: number }) => Session;
  };
  const open = async (options: { threads: number; cores: number }) => {
    const session = new Session(options);
    await session.load(spec, 0);
    return session;
  };
  const before = await settledThreads();
  /** Threads that there are more, after each of the sessions has computed. */
  const used = async (...sessions: Session[]) => {
    for (const session of sessions) await session.predict(batchOf(50), 0);
    return (await settledThreads()) - before;
  };
  const first = await open({ threads: 0, cores: 6 });
  expect(await used(first)).toBe(6);
  const second = await open({ threads: 0, cores: 6 });
  expect(await used(first, second)).toBe(3 + 3);
  const third = await open({ threads: 2, cores: 6 });
  expect(await used(first, second, third)).toBe(3 + 3 + 2);
  await second.dispose();
  await third.dispose();
  expect(await used(first)).toBe(6);
  await first.dispose();
});
