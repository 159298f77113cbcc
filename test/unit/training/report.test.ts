// What a run leaves beside its model: the report and the model card.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { cardMark } from "../../../src/model/file-names.js";
import { finish, labelNames, temporaryFolder, tinyRun } from "./tiny-run.js";

it("a run draws its report: curves, metrics of the kept epoch, mistakes with their texts", async () => {
  const { end, epochs } = await finish(tinyRun({ report: true, epochs: 2 }));
  expect(end.report).toBe(join(end.directory, "report.html"));
  const page = readFileSync(end.report!, "utf8");
  const kept = epochs.find(({ epoch }) => epoch === end.keptEpoch)!.validation!;
  expect(page).toContain(`<dt>micro-F1</dt><dd>${kept.micro.f1.toFixed(3)}</dd>`);
  for (const { trainingLoss } of epochs) expect(page).toContain(`<td>${trainingLoss.toFixed(4)}</td>`);
  for (const title of ["Learning curves", "Curves", "Thresholds", "How long the texts are"]) {
    expect(page).toContain(`>${title}</h2>`);
  }
  expect(readdirSync(end.directory).filter((name) => name.includes("writing"))).toEqual([]);
});

it("a run that is not asked for a report has none, and none of an earlier run", async () => {
  const run = tinyRun({ report: true, epochs: 1 });
  await finish(run);
  const { end } = await finish({ ...run, report: false });
  expect(end).not.toHaveProperty("report");
  expect(readdirSync(end.directory)).not.toContain("report.html");
});

it("a model card goes with the model, until somebody makes it their own", async () => {
  const run = tinyRun({ epochs: 1 });
  const card = join((await finish(run)).end.directory, "README.md");
  const written = readFileSync(card, "utf8");
  for (const name of labelNames) expect(written).toMatch(new RegExp(`\\| ${name} \\| [\\d.]+ \\|`));
  expect(written).toMatch(/"name":"micro-F1","value":[\d.]+/);
  const copy = join(temporaryFolder(), "copy");
  await using classifier = await Classifier.load(run.output, { threads: 1 });
  await classifier.save(copy);
  expect(readFileSync(join(copy, "README.md"), "utf8")).toBe(written);
  await finish({ ...run, epochs: 2 });
  expect(readFileSync(card, "utf8")).toContain("of 2 trained");
  writeFileSync(card, written.replace(cardMark, "mine"));
  await finish(run);
  expect(readFileSync(card, "utf8")).toContain("mine");
});
