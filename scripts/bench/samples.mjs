// Takes the samples of one task one after the other, and says how far it is.
import { say } from "../steps.mjs";
import { contestants } from "./contestants.mjs";
import { keyOf, remainingSeconds, schedule } from "./plan.mjs";
import { isQuiet } from "./results.mjs";

/** How often a sample is taken again at most, because the machine was slow next to it. */
const mostRetakes = 2;

export class Sampler {
  #probe;
  #ceiling;
  #measure;
  #left;
  /** Samples that may still be taken again: a machine that is never quiet shall not make a run more than half as long again. */
  #retakesLeft;
  #lastSeconds = new Map();

  /**
   * @param tasks all that will be measured
   * @param probe tells the machine's speed at the moment
   * @param ceiling the speed of the quiet machine
   * @param measure takes a sample of a contestant in a task: `{seconds, peakMemory}`
   */
  constructor(tasks, pairs, { probe, ceiling, measure }) {
    this.pairs = pairs;
    this.#probe = probe;
    this.#ceiling = ceiling;
    this.#measure = measure;
    this.#left = tasks.flatMap((task) => schedule(task, pairs).map((name) => keyOf(task, name)));
    this.total = this.#left.length;
    this.#retakesLeft = Math.ceil(this.total / 2);
  }

  /**
   * Samples by contestant, in the order in which they were taken.
   *
   * @returns {Promise<Record<string, import("./results.mjs").Measurement[]>>}
   */
  async take(task) {
    const samples = Object.fromEntries(task.contestants.map((name) => [name, []]));
    for (const name of schedule(task, this.pairs)) {
      this.#sayWhere(name, task);
      const disturbed = [];
      let sample = await this.#sample(name, task);
      while (!isQuiet(sample, this.#ceiling) && disturbed.length < mostRetakes && this.#retakesLeft > 0) {
        this.#retakesLeft--;
        say("bench:   once more, because the machine was slow meanwhile");
        disturbed.push(sample);
        sample = await this.#sample(name, task);
      }
      samples[name].push(disturbed.length === 0 ? sample : { ...sample, disturbed });
      this.#left.shift();
    }
    return samples;
  }

  async #sample(name, task) {
    const before = await this.#probe.glance();
    const begin = performance.now();
    const { seconds, peakMemory } = await this.#measure(name, task);
    this.#lastSeconds.set(keyOf(task, name), (performance.now() - begin) / 1000);
    return { seconds, peakMemory, speed: Math.min(before, await this.#probe.glance()) };
  }

  #sayWhere(name, task) {
    const seconds = remainingSeconds(this.#left, this.#lastSeconds);
    const left = Number.isNaN(seconds) ? "" : `, ${Math.ceil(seconds / 60)} min left`;
    const place = `sample ${this.total - this.#left.length + 1} of ${this.total}${left}`;
    say(`bench: ${place}: ${task.model} ${task.name}, ${contestants[name].name}`);
  }
}
