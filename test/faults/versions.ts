// Loading a model beside a process that saves others in its place all the time.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";
import { Progress } from "./progress.js";

const text = "my parcel is late and I want a refund";

/** What tells a model: its probabilities for a text, with the thresholds that belong to them. */
async function traits(directory: string): Promise<string> {
  await using classifier = await Classifier.load(directory, { threads: 1 });
  const probabilities = await classifier.probabilities([text]);
  return JSON.stringify([...probabilities, ...classifier.thresholds]);
}

/** A model of its own weights and thresholds. */
async function savedModel(threshold: number, seed: number): Promise<string> {
  const { end } = await finish(tinyRun({ epochs: 1, seed }));
  const model = join(temporaryFolder(), `threshold-${threshold}`);
  await using classifier = await Classifier.load(end.directory, { threads: 1, threshold });
  await classifier.save(model);
  return model;
}

/** Loads that run at once: most of a load's time is waited for, by this process or for the saver's lock. */
const readers = 3;

/**
 * Loads a directory `loads` times beside a process that saves there, now and then or without a pause: a load meets none, one
 * or several saves. Each must be one of the two models, whole.
 */
export async function checkLoadsBesideSaves(loads: number): Promise<Record<string, number>> {
  const models = [await savedModel(0.25, 1), await savedModel(0.75, 2)];
  const expected = await Promise.all(models.map(traits));
  expect(expected[0]).not.toBe(expected[1]);
  const target = join(temporaryFolder(), "model");
  let saves = 0;
  const saver = fork(join(import.meta.dirname, "children", "saver.mjs"), [target, ...models]);
  saver.on("message", () => saves++);
  await once(saver, "message");
  const seen = [0, 0];
  const counts = () => ({ loads: seen[0]! + seen[1]!, saves, first: seen[0]!, second: seen[1]! });
  const progress = new Progress("loads", loads);
  try {
    let begun = 0;
    const read = async () => {
      while (begun++ < loads) {
        const version = expected.indexOf(await traits(target));
        expect(version, "a mixture of two versions").toBeGreaterThanOrEqual(0);
        seen[version]!++;
        progress.add(1, { saves });
      }
    };
    await Promise.all(Array.from({ length: readers }, read));
  } catch (error) {
    throw new Error(`after ${JSON.stringify(counts())}: ${error}`, { cause: error });
  } finally {
    saver.kill("SIGKILL");
    await once(saver, "exit");
  }
  // The next writer cleans up after the killed one.
  await using classifier = await Classifier.load(target, { threads: 1 });
  await classifier.save(target);
  expect(readdirSync(dirname(target))).toEqual(["model"]);
  return counts();
}
