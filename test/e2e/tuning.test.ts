// tagformer thresholds, tagformer compare, and what evaluate and predict make of them
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { sigmoid } from "../../src/evaluation/loss.js";
import { divideByTemperature } from "../../src/evaluation/temperature.js";
import { readValidation } from "../../src/model/stored-predictions.js";
import {
  csvOf,
  finish,
  labelNames,
  temporaryFolder,
  tinyDataset,
  tinyRun,
} from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

const data = tinyDataset(120, 2);
const validation = tinyDataset(80, 3);
let first: string;
let second: string;
let table: string;
beforeAll(async () => {
  buildCommand();
  // Both hold back the same rows; the first one learns less.
  first = (await finish(tinyRun({ validation, epochs: 1 }))).end.directory;
  second = (await finish(tinyRun({ validation, seed: 7 }))).end.directory;
  table = write(join(temporaryFolder(), "test.csv"), csvOf(data));
});

const stored = (directory: string) => JSON.parse(readFileSync(join(directory, "tagformer.json"), "utf8"));
const copyOf = async (directory: string) => {
  const target = join(temporaryFolder(), "copy");
  await using classifier = await Classifier.load(directory, { threads: 1 });
  await classifier.save(target);
  return target;
};

describe("a run", () => {
  it("stores its predictions for the validation rows", async () => {
    const { labelNames: names, logits, labels, rows } = await readValidation(second);
    expect(names).toEqual(labelNames);
    expect(rows).toHaveLength(80);
    expect(labels).toEqual(validation.labels);
    await using classifier = await Classifier.load(second, { threads: 1 });
    expect(logits).toEqual(await classifier.logits(validation.texts));
  });
});

describe("tagformer thresholds", () => {
  it("tunes on the stored validation rows without a table, and predict and evaluate use it", async () => {
    const { status, stdout } = await tagformer([
      "thresholds",
      "--model",
      first,
      "--temperature",
      "per-label",
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^80 rows of the run's validation rows, of tiny data\n/);
    for (const name of labelNames)
      expect(stdout).toMatch(new RegExp(`^${name} +\\d+ +\\d\\.\\d{3}( +\\d\\.\\d{4}){4}$`, "m"));
    expect(stdout).toMatch(/micro-F1( +\d\.\d{4}){3}\n/);
    const { thresholds, temperatures, tuning, history } = stored(first);
    expect(Object.keys(thresholds)).toEqual(labelNames);
    expect(tuning).toMatchObject({ rows: 80, options: { method: "per-label", temperature: "per-label" } });
    expect(tuning.tuned.microF1).toBeGreaterThanOrEqual(tuning.untuned.microF1);
    expect(history).toHaveLength(1);
    const card = readFileSync(join(first, "README.md"), "utf8");
    expect(card).toContain(
      `| micro-F1 | ${tuning.untuned.microF1.toFixed(4)} | ${tuning.tuned.microF1.toFixed(4)} |`,
    );

    await using classifier = await Classifier.load(first, { threads: 1 });
    expect(classifier.thresholds).toEqual(Object.values(thresholds));
    expect(classifier.temperatures).toEqual(Object.values(temperatures));
    const { metrics } = await classifier.evaluate(validation);
    expect(metrics.micro.f1).toBe(tuning.tuned.microF1);
    const logits = await classifier.logits(data.texts);
    const probabilities = sigmoid(divideByTemperature(logits, classifier.temperatures));
    const predictions = await classifier.predict(data.texts);
    for (const [row, { scores, labels }] of predictions.entries()) {
      for (const [i, name] of labelNames.entries()) {
        expect(scores[name]).toBe(probabilities[row * 3 + i]);
        expect(labels.includes(name)).toBe(scores[name]! > Math.fround(classifier.thresholds[i]!));
      }
    }
    await using plain = await Classifier.load(first, { threads: 1, threshold: 0.25 });
    expect(plain.thresholds).toEqual([0.25, 0.25, 0.25]);
  });

  it("tunes on a table, with the API's figures, into a copy or nowhere", async () => {
    const before = stored(second);
    const output = join(temporaryFolder(), "tuned");
    const args = [
      "thresholds",
      table,
      "--model",
      second,
      "--threads",
      "1",
      "--target-precision",
      "0.9",
      "--json",
    ];
    const dry = await tagformer([...args, "--dry-run"]);
    expect(dry.status).toBe(0);
    const copied = await tagformer([...args, "--output", output]);
    expect(stored(second)).toEqual(before);
    await using classifier = await Classifier.load(second, { threads: 1 });
    const tuning = await classifier.tune(data, { targetPrecision: 0.9 });
    for (const { stdout } of [dry, copied]) {
      const { tuned, crossFitted, thresholds } = JSON.parse(stdout);
      expect(Object.values(thresholds)).toEqual(tuning.thresholds);
      expect({ tuned, crossFitted }).toEqual(
        JSON.parse(JSON.stringify({ tuned: tuning.tuned, crossFitted: tuning.crossFitted })),
      );
    }
    expect(JSON.parse(dry.stdout).storedIn).toBeNull();
    await using copy = await Classifier.load(output, { threads: 1 });
    expect(copy.thresholds).toEqual(tuning.thresholds);
  });

  it.each<[string, string[], RegExp]>([
    ["two targets", ["--target-precision", "0.9", "--target-recall", "0.9"], /targetRecall/],
    ["a method there is not", ["--method", "magic"], /method/],
    ["an output without a table", ["--output", "x"], /--output needs a table/],
  ])("refuses %s", async (_, flags, message) => {
    const { status, stderr } = await tagformer(["thresholds", "--model", second, ...flags]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });

  it("says that a model without stored predictions needs a table", async () => {
    const { status, stderr } = await tagformer(["thresholds", "--model", await copyOf(second)]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/has no validation.jsonl/);
  });
});

describe("tagformer compare", () => {
  it("compares the runs on the rows that both held back", async () => {
    const { status, stdout } = await tagformer(["compare", first, second, "--samples", "200"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/80 rows of the runs' validation rows, of tiny data; 200 samples/);
    expect(stdout).toMatch(
      /^micro-F1( +\d\.\d{4}){2} +[+-]\d\.\d{4} +[+-]\d\.\d{4} to [+-]\d\.\d{4} +\d\.\d{4}$/m,
    );
    expect(stdout).toMatch(/^mean ROC AUC .* -$/m);
    for (const name of labelNames) expect(stdout).toMatch(new RegExp(`^${name} `, "m"));
  });

  it("compares them on a table, with the figures of evaluate", async () => {
    const flags = ["--data", table, "--threads", "1", "--samples", "100", "--json"];
    const { status, stdout } = await tagformer(["compare", first, second, ...flags]);
    expect(status).toBe(0);
    const { figures, rows } = JSON.parse(stdout);
    expect(rows).toBe(120);
    for (const [directory, side] of [
      [first, "first"],
      [second, "second"],
    ] as const) {
      await using classifier = await Classifier.load(directory, { threads: 1 });
      const { metrics } = await classifier.evaluate(data);
      expect(figures.microF1[side]).toBeCloseTo(metrics.micro.f1, 12);
      expect(figures.macroRocAuc[side]).toBeCloseTo(metrics.macro.rocAuc!, 12);
    }
  });

  it("refuses runs that held back different rows", async () => {
    const other = (await finish(tinyRun({ epochs: 1 }))).end.directory;
    const { status, stderr } = await tagformer(["compare", second, other]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/validated on different rows: .* on 80, .* on 32, of which \d+ are the same/);
  });
});

describe("tagformer evaluate", () => {
  it("writes a table of texts as the tokenizer saw them, safe to open in a spreadsheet", async () => {
    const file = join(temporaryFolder(), "comparisons.csv");
    const rows = `id,text,${labelNames}\n=1+1,My PARCEL unknownword please,1,0,-1\n-7,login login,0,0,1\n`;
    const source = write(join(temporaryFolder(), "texts.csv"), rows);
    const { status } = await tagformer([
      "evaluate",
      source,
      "--model",
      second,
      "--threads",
      "1",
      "--table",
      file,
    ]);
    expect(status).toBe(0);
    const lines = parse(readFileSync(file), { columns: true }) as Record<string, string>[];
    expect(Object.keys(lines[0]!)).toEqual([
      "id",
      "text",
      "true_labels",
      "predicted_labels",
      "missing_labels",
      ...labelNames,
    ]);
    expect(lines[0]).toMatchObject({
      id: "'=1+1",
      text: "my parcel please",
      true_labels: "delivery",
      missing_labels: "access",
    });
    expect(lines[1]).toMatchObject({
      id: "-7",
      text: "login login",
      true_labels: "access",
      missing_labels: "",
    });
    await using classifier = await Classifier.load(second, { threads: 1 });
    const { labels, scores } = await classifier.predict("login login");
    expect(lines[1]!.predicted_labels).toBe(labels.join("|"));
    expect(Number(lines[1]!.access)).toBeCloseTo(scores.access!, 6);
  });

  it("shows intervals, the mistakes of each label and suspected label errors when asked", async () => {
    const wrong = { ...data, labels: data.labels.map((label, i) => (i % 60 === 0 ? 1 - label : label)) };
    const file = write(join(temporaryFolder(), "wrong.csv"), csvOf(wrong));
    const flags = ["--intervals", "100", "--mistakes-per-label", "2", "--label-errors", "3", "--digits", "4"];
    const text = await tagformer(["evaluate", file, "--model", second, "--threads", "1", ...flags]);
    expect(text.status).toBe(0);
    expect(text.stdout).toMatch(/delivery( +\d\.\d{4}){3} +\d+\n/);
    expect(text.stdout).toMatch(/95% intervals +value +from +to\nmicro-F1( +\d\.\d{4}){3}\n/);
    expect(text.stdout).toMatch(/delivery: wrongly given \(\d\), then missed \(\d\)\n/);
    expect(text.stdout).toMatch(
      /the most suspicious labels of the table: about \d of these 3 are expected .*:\nline \d+: \w+ (missing|wrongly given)\?/,
    );
    const json = await tagformer(["evaluate", file, "--model", second, "--threads", "1", ...flags, "--json"]);
    const { intervals, labelErrors, mistakesByLabel } = JSON.parse(json.stdout);
    expect(intervals).toMatchObject({ samples: 100, confidence: 0.95 });
    expect(labelErrors.suspects).toHaveLength(3);
    expect(labelErrors.expectedWrong).toBeGreaterThan(0);
    expect(Object.keys(mistakesByLabel)).toEqual(labelNames);
  });
});
