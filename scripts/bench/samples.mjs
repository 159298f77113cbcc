// Takes the samples of one task one after the other, and says how far it is.
import { say } from "../steps.mjs";
import { contestants } from "./contestants.mjs";
import { keyOf, remainingSeconds, schedule } from "./plan.mjs";
import { runContestant } from "./processes.mjs";

export class Sampler {
  #probe;
  #requestOf;
  #left;
  #lastSeconds = new Map();

  /**
   * @param tasks all that will be measured
   * @param requestOf what a contestant needs to know for a task
   */
  constructor(tasks, pairs, probe, requestOf) {
    this.pairs = pairs;
    this.#probe = probe;
    this.#requestOf = requestOf;
    this.#left = tasks.flatMap((task) => schedule(task, pairs).map((name) => keyOf(task, name)));
    this.total = this.#left.length;
  }

  /** @returns samples by contestant, in the order in which they were taken: `{seconds, peakMemory, speed}` */
  async take(task) {
    const samples = Object.fromEntries(task.contestants.map((name) => [name, []]));
    let before = await this.#probe.glance();
    for (const name of schedule(task, this.pairs)) {
      this.#sayWhere(contestants[name], task);
      const begin = performance.now();
      const { seconds, peakMemory } = await runContestant(contestants[name], this.#requestOf(task));
      const after = await this.#probe.glance();
      samples[name].push({ seconds, peakMemory, speed: Math.min(before, after) });
      before = after;
      this.#lastSeconds.set(this.#left.shift(), (performance.now() - begin) / 1000);
    }
    return samples;
  }

  #sayWhere({ name }, { model, name: work }) {
    const seconds = remainingSeconds(this.#left, this.#lastSeconds);
    const left = Number.isNaN(seconds) ? "" : `, ${Math.ceil(seconds / 60)} min left`;
    say(
      `bench: sample ${this.total - this.#left.length + 1} of ${this.total}${left}: ${model} ${work}, ${name}`,
    );
  }
}
