// What the machine gives at the moment: large matrix products in a process that waits between the samples.
import { createInterface } from "node:readline";
import { startPython } from "./processes.mjs";

export class Probe {
  #process;
  #lines;
  /** Versions of the peers' Python. */
  versions;

  static async start(threads) {
    const probe = new Probe();
    probe.#process = startPython("ceiling.py", { threads });
    probe.#lines = createInterface({ input: probe.#process.stdout })[Symbol.asyncIterator]();
    probe.versions = await probe.#read();
    return probe;
  }

  /** Operations per second in every precision: the most that a layer can reach. */
  ceilings() {
    return this.#ask(["fp32", "bf16", "int8"], 15);
  }

  /** Operations per second in fp32, measured in a fifth of a second. */
  async glance() {
    return (await this.#ask(["fp32"], 3)).fp32;
  }

  stop() {
    this.#process.stdin.end();
  }

  async #ask(precisions, repetitions) {
    this.#process.stdin.write(`${JSON.stringify({ precisions, repetitions })}\n`);
    return this.#read();
  }

  async #read() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("bench: ceiling.py ended; its message is above");
    return JSON.parse(value);
  }
}
