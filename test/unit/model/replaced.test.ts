// A classifier whose directory holds another model by now.
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { lockDirectory } from "../../../src/model/lock.js";
import {
  errorOf,
  finish,
  recordOf,
  temporaryFolder,
  tinyDataset,
  tinyRun,
  weightsOf,
} from "../training/tiny-run.js";

let directory: string;
beforeEach(async () => {
  directory = (await finish(tinyRun({ epochs: 1 }))).end.directory;
});

const load = () => Classifier.load(directory, { threads: 1 });
const refused = {
  code: "INVALID_MODEL",
  message: expect.stringContaining("holds another model than the one that was loaded"),
};

describe("saveDecision", () => {
  it("is refused when another model has been saved there, and changes nothing", async () => {
    await using old = await load();
    await old.tune(tinyDataset(100, 2));
    await finish({ ...tinyRun({ epochs: 1, seed: 7 }), output: directory });
    const before = readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"));
    expect(await errorOf(() => old.saveDecision())).toMatchObject(refused);
    expect(readdirSync(directory).map((name) => readFileSync(join(directory, name), "latin1"))).toEqual(
      before,
    );
  });

  it("is refused when the weights were written to", async () => {
    await using classifier = await load();
    const file = join(directory, "model.safetensors");
    writeFileSync(file, weightsOf(directory));
    utimesSync(file, 1, 1);
    expect(await errorOf(() => classifier.saveDecision())).toMatchObject(refused);
  });

  it("goes on after the classifier was saved to its own directory, and beside other decisions", async () => {
    await using classifier = await load();
    await using other = await load();
    await classifier.tune(tinyDataset(100, 2));
    await classifier.saveDecision();
    await other.tune(tinyDataset(100, 3));
    await other.saveDecision();
    await classifier.save(directory);
    await classifier.saveDecision();
    expect(Object.values(recordOf(directory).thresholds)).toEqual([...classifier.thresholds]);
    expect(await errorOf(() => other.saveDecision())).toMatchObject(refused);
  });

  it("is refused while a run trains into the directory", async () => {
    await using classifier = await load();
    await using _ = await lockDirectory(directory, "training");
    expect(await errorOf(() => classifier.saveDecision())).toMatchObject({ code: "OUTPUT_IN_USE" });
    expect(await errorOf(() => classifier.save(directory))).toMatchObject({ code: "OUTPUT_IN_USE" });
  });
});

it("a copy has the card of its own model, not that of the model that is there by now", async () => {
  await using old = await load();
  await finish({ ...tinyRun({ epochs: 2, seed: 7 }), output: directory });
  const copy = join(temporaryFolder(), "copy");
  await old.save(copy);
  expect(readdirSync(copy)).not.toContain("README.md");
});
