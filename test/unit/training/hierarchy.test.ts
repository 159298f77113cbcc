// Labels below others, from the training to the answers of the model.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import type { StartEvent } from "../../../src/training/events.js";
import { finish, tinyDataset, tinyRun } from "./tiny-run.js";

const hierarchy = "delivery > money";

/** Whether no prediction has the lower label without the upper one, and some have both. */
async function holdsIn(classifier: Classifier): Promise<boolean> {
  const { texts } = tinyDataset(200);
  const predictions = await classifier.predict([...texts]);
  const lower = predictions.filter(({ labels }) => labels.includes("money"));
  return lower.length > 0 && lower.every(({ labels }) => labels.includes("delivery"));
}

it("holds in a model that was trained with it, tuned or not, and after another tuning", async () => {
  const run = tinyRun({ train: tinyDataset(300), epochs: 3, hierarchy });
  const { events, end } = await finish(run);
  const start = events.find(({ type }) => type === "start") as StartEvent;
  expect(start.notes.join("\n")).toMatch(
    /rows have the label "money" without "delivery", below which the hierarchy puts it/,
  );
  const record = () => JSON.parse(readFileSync(join(end.directory, "tagformer.json"), "utf8"));
  expect(record()).toMatchObject({ hierarchy: { money: "delivery" } });
  await using classifier = await Classifier.load(end.directory);
  expect(classifier.info.labels.map(({ below }) => below)).toEqual([undefined, "delivery", undefined]);
  await expect(holdsIn(classifier)).resolves.toBe(true);
  const { metrics } = await classifier.evaluate(tinyDataset(100));
  expect(metrics.hierarchical?.f1).toBeGreaterThan(0);

  await classifier.tune(tinyDataset(100));
  await expect(holdsIn(classifier)).resolves.toBe(true);
  await classifier.saveDecision();
  expect(record()).toMatchObject({ hierarchy: { money: "delivery" }, tuning: { rows: 100 } });
  await classifier.tune(tinyDataset(100), { hierarchy: "" });
  expect(classifier.decision.parents).toBeUndefined();
  await expect(holdsIn(classifier)).resolves.toBe(false);
  await classifier.saveDecision();
  expect(record()).not.toHaveProperty("hierarchy");
});

it("is refused before anything is trained where it names no label", async () => {
  const run = tinyRun({ train: tinyDataset(50), hierarchy: { monney: "delivery" } });
  await expect(finish(run)).rejects.toThrow(/"monney", which is no label.*"money"/);
});

it("is refused by name where a model's record is damaged", async () => {
  const { end } = await finish(tinyRun({ train: tinyDataset(60), epochs: 1, hierarchy }));
  const file = join(end.directory, "tagformer.json");
  const record = JSON.parse(readFileSync(file, "utf8"));
  for (const damaged of [{ money: "money" }, { money: 3 }, ["delivery"], { other: "money" }]) {
    writeFileSync(file, JSON.stringify({ ...record, hierarchy: damaged }));
    await expect(Classifier.load(end.directory)).rejects.toThrow(/tagformer\.json: hierarchy is/);
  }
});
