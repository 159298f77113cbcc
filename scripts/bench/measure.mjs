// How a contestant in JavaScript measures itself; python/measure.py is its twin.
import { readFileSync } from "node:fs";

/**
 * @param request.warmUp calls before the clock runs
 * @param request.passes passes over all batches
 * @param step computes one batch
 * @param warmUpBatch what is computed to warm up
 */
export async function measure({ warmUp, passes }, batches, step, warmUpBatch) {
  for (let i = 0; i < warmUp; i++) await step(warmUpBatch);
  const seconds = [];
  for (let pass = 0; pass < passes; pass++) {
    const begin = performance.now();
    for (const batch of batches) await step(batch);
    seconds.push((performance.now() - begin) / 1000);
  }
  return { seconds, peakMemory: peakMemory() };
}

/** The most bytes of memory that this process has had. */
export function peakMemory() {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return 1024 * Number(kibibytes);
}

/** Hands the answer over. */
export function answer(value) {
  process.stdout.write(JSON.stringify(value));
}
