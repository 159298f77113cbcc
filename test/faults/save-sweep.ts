// Saving a model over another, with a fault at the n-th system call of one of the process's threads.
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";
import { callsOf, type Fault, FaultyWork, type Injection, type Place, sweepCalls } from "./strace.js";

/** Two models, of which the second is saved over a copy of the first, with a file of the user's. */
export class SaveSweep implements AsyncDisposable {
  readonly #models: readonly string[];
  readonly #whole: readonly string[];
  readonly #first: Classifier;
  readonly #work: FaultyWork;

  private constructor(models: readonly string[], first: Classifier) {
    this.#models = models;
    this.#whole = models.map(digestOf);
    this.#first = first;
    this.#work = new FaultyWork("save-once.mjs", [models[1]!]);
  }

  static async prepare(): Promise<SaveSweep> {
    const { end } = await finish(tinyRun({ epochs: 1 }));
    const models: string[] = [];
    for (const threshold of [0.25, 0.75]) {
      const model = join(temporaryFolder(), `threshold-${threshold}`);
      await using classifier = await Classifier.load(end.directory, { threads: 1, threshold });
      await classifier.save(model);
      models.push(model);
    }
    return new SaveSweep(models, await Classifier.load(models[0]!, { threads: 1 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
    await this.#first.dispose();
  }

  #target(): string {
    const target = join(temporaryFolder(), "model");
    cpSync(this.#models[0]!, target, { recursive: true });
    writeFileSync(join(target, "notes.txt"), "mine");
    return target;
  }

  async count(place: Place, calls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return await this.#work.count(this.#target(), place, calls);
  }

  /**
   * Saves the second model over the first with a fault at the n-th call of a kind; checks that one of them is there, whole, and
   * that the next save leaves nothing else.
   *
   * @returns `false` when the save was over before that call
   */
  async check({ place, fault, call, n }: Injection): Promise<boolean> {
    const target = this.#target();
    const { outcome, injected } = await this.#work.run(target, { place, fault, call, n });
    const where = `${fault} at ${call} ${n} of ${place}`;
    if (fault !== "SIGKILL") expect(["saved", "IO"], `${where}: ${outcome}`).toContain(outcome);
    const found = digestOf(target);
    expect(this.#whole, where).toContain(found);
    if (outcome === "saved") expect(found, where).toBe(this.#whole[1]);
    await this.#first.save(target);
    expect(readdirSync(dirname(target)), where).toEqual(["model"]);
    expect(digestOf(target), where).toBe(this.#whole[0]);
    expect(readFileSync(join(target, "notes.txt"), "utf8"), where).toBe("mine");
    rmSync(dirname(target), { recursive: true });
    return injected;
  }

  /** Every call of the kinds, from the first to the last; returns how many there were. */
  async run(place: Place, fault: Fault, calls: readonly string[] = callsOf(place, fault)): Promise<number> {
    return await sweepCalls(this, place, fault, calls);
  }
}

/** Names the content of all files of a model. */
function digestOf(directory: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(directory).sort()) {
    if (name !== "notes.txt") hash.update(`${name}\n`).update(readFileSync(join(directory, name)));
  }
  return hash.digest("hex");
}
