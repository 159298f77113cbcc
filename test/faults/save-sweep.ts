// Saving a model over another, with a fault at the n-th system call of one of the process's threads.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";
import { callsOf, type Fault, type Injection, type Place, workWithFault } from "./strace.js";

/** Two models, and a directory with the first one and a file of the user's. */
export class Sweep {
  readonly #models: readonly string[];
  readonly #whole: readonly string[];

  private constructor(models: readonly string[]) {
    this.#models = models;
    this.#whole = models.map(digestOf);
  }

  static async prepare(): Promise<Sweep> {
    const { end } = await finish(tinyRun({ epochs: 1 }));
    const models: string[] = [];
    for (const threshold of [0.25, 0.75]) {
      const model = join(temporaryFolder(), `threshold-${threshold}`);
      await using classifier = await Classifier.load(end.directory, { threads: 1, threshold });
      await classifier.save(model);
      models.push(model);
    }
    return new Sweep(models);
  }

  /**
   * Saves the second model over the first with a fault at the n-th call of a kind; checks that one of them is there, whole, and
   * that the next save leaves nothing else.
   *
   * @returns `false` when the save was over before that call
   */
  async check({ place, fault, call, n }: Injection): Promise<boolean> {
    const target = join(temporaryFolder(), "model");
    await using first = await Classifier.load(this.#models[0]!, { threads: 1 });
    await first.save(target);
    writeFileSync(join(target, "notes.txt"), "mine");
    const { outcome, injected } = await workWithFault("save-once.mjs", [this.#models[1]!, target], {
      place,
      fault,
      call,
      n,
    });
    const where = `${fault} at ${call} ${n} of ${place}`;
    if (fault !== "SIGKILL") expect(["saved", "IO"], `${where}: ${outcome}`).toContain(outcome);
    const found = digestOf(target);
    expect(this.#whole, where).toContain(found);
    if (outcome === "saved") expect(found, where).toBe(this.#whole[1]);
    await first.save(target);
    expect(readdirSync(dirname(target)), where).toEqual(["model"]);
    expect(digestOf(target), where).toBe(this.#whole[0]);
    expect(readFileSync(join(target, "notes.txt"), "utf8"), where).toBe("mine");
    rmSync(dirname(target), { recursive: true });
    return injected;
  }

  /** Every call of the kinds, from the first to the last; returns how many there were. */
  async run(place: Place, fault: Fault, calls: readonly string[] = callsOf(place, fault)): Promise<number> {
    let tried = 0;
    for (const call of calls) {
      for (let n = 1; await this.check({ place, fault, call, n }); n++) tried++;
    }
    return tried;
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
