// Takes the samples one after the other, and says how far it is.
import { say } from "../steps.mjs";
import { runContestant } from "./contestants.mjs";
import { keyOf, remainingSeconds } from "./plan.mjs";

/**
 * @param order the samples to take
 * @param requestOf what a contestant needs to know to take a sample
 * @returns measurements by `keyOf(sample)`, in the order in which they were taken
 */
export async function takeSamples(order, requestOf) {
  const measured = new Map(order.map((sample) => [keyOf(sample), []]));
  const lastSeconds = new Map();
  for (const [i, sample] of order.entries()) {
    const key = keyOf(sample);
    const left = timeLeft(remainingSeconds(order.slice(i), lastSeconds));
    say(`bench: sample ${i + 1} of ${order.length}${left}: ${key}`);
    const begin = performance.now();
    measured.get(key).push(await runContestant(sample.configuration, requestOf(sample)));
    lastSeconds.set(key, (performance.now() - begin) / 1000);
  }
  return measured;
}

function timeLeft(seconds) {
  if (seconds === undefined) return ""; // known after the first round
  return seconds < 90 ? `, ${Math.round(seconds)} s left` : `, ${Math.round(seconds / 60)} min left`;
}
