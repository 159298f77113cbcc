// A bag of words: beside a training, and trained alone.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { trainBaseline } from "../../../src/training/train-baseline.js";
import { finish, labelNames, temporaryFolder, tinyDataset, tinyRun } from "./tiny-run.js";

it("stands beside a model that was trained with it: in its directory, its card and its report", async () => {
  const options = {
    train: tinyDataset(300),
    epochs: 1,
    baseline: true,
    thresholds: true,
    testSplit: 0.2,
    report: true,
  };
  const { end } = await finish(tinyRun(options));
  for (const file of ["README.md", "report.html"]) {
    expect(readFileSync(join(end.directory, file), "utf8"), file).toMatch(/bag of words/i);
  }
});

it("is trained alone, and answers like any other model", async () => {
  const output = join(temporaryFolder(), "baseline");
  const data = tinyDataset(200);
  const trained = await trainBaseline({ train: data, output, testSplit: 0.2 });
  expect(trained.test).not.toBeNull();
  expect(existsSync(join(output, "tagformer.json"))).toBe(true);
  await using classifier = await Classifier.load(output);
  const texts = [...data.texts].slice(0, 20);
  const predictions = await classifier.predict(texts);
  expect(predictions).toHaveLength(20);
  for (const { scores } of predictions) expect(Object.keys(scores)).toEqual([...labelNames]);
});
