// Commands that judge a model on texts that it has seen say so, and how many they are.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.js";
import { csvOf, finish, temporaryFolder, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

const speed = ["--threads", "1"];
const trainingRows = unlike(tinyDataset(300), "old");
const fresh = unlike(tinyDataset(60, 7), "new");
let model: string;
let second: string;

/** The dataset with texts that no other has. */
function unlike(dataset: ReturnType<typeof tinyDataset>, word: string): ReturnType<typeof tinyDataset> {
  return { ...dataset, texts: dataset.texts.map((text, row) => `${text} ${word} ${row}`) };
}

function tableOf(...datasets: readonly Dataset[]): string {
  const tables = datasets.map((dataset) => csvOf(dataset).trimEnd().split("\n"));
  const lines = [tables[0]![0]!, ...tables.flatMap(([, ...rows]) => rows)];
  return write(join(temporaryFolder(), "table.csv"), `${lines.join("\n")}\n`);
}

beforeAll(async () => {
  buildCommand();
  const run = { train: trainingRows, validation: unlike(tinyDataset(80, 3), "held"), epochs: 2 };
  model = (await finish(tinyRun(run))).end.directory;
  second = (await finish(tinyRun({ ...run, seed: 1 }))).end.directory;
});

describe("tagformer evaluate", () => {
  const evaluate = (table: string, ...more: string[]) =>
    tagformer(["evaluate", table, "--model", model, ...speed, ...more]);

  it("says nothing of texts that are new", async () => {
    const { status, stderr } = await evaluate(tableOf(fresh));
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/trained|tuned|chose/);
  });

  it("says when it is the table that was trained on, whatever case and punctuation", async () => {
    const loud = { ...trainingRows, texts: trainingRows.texts.map((text) => `${text.toUpperCase()}!`) };
    for (const table of [trainingRows, loud]) {
      const { stderr } = await evaluate(tableOf(table));
      expect(stderr).toContain("warning: the model was trained on all 300 of these texts");
    }
  });

  it("counts a part of the table, in JSON and on the page too", async () => {
    const some = {
      ...trainingRows,
      texts: trainingRows.texts.slice(0, 40),
      labels: trainingRows.labels.slice(0, 120),
    };
    const html = join(temporaryFolder(), "page.html");
    const { stdout, stderr } = await evaluate(tableOf(some, fresh), "--json", "--html", html);
    expect(stderr).toContain("the model was trained on 40 of these 100 texts: figures on them are too good");
    expect(JSON.parse(stdout).seen).toEqual({
      texts: 100,
      trainedOn: 40,
      validatedOn: 0,
      tunedOn: 0,
      exact: true,
    });
    expect(readFileSync(html, "utf8")).toContain("The model was trained on 40 of these 100 texts");
  });

  it("says when epochs were chosen on these rows", async () => {
    const { stderr } = await evaluate(tableOf(unlike(tinyDataset(80, 3), "held")));
    expect(stderr).toContain("the training chose among its epochs by all 80 of these texts");
    expect(stderr).not.toContain("trained on");
  });
});

describe("tagformer thresholds", () => {
  it("are remembered with the texts that they were tuned on", async () => {
    const tuning = unlike(tinyDataset(50, 9), "tuning");
    const copy = join(temporaryFolder(), "copy");
    const flags = ["--model", model, "--output", copy, ...speed];
    const { status, stderr } = await tagformer(["thresholds", tableOf(tuning), ...flags]);
    expect(status, stderr).toBe(0);
    const evaluated = await tagformer(["evaluate", tableOf(tuning, fresh), "--model", copy, ...speed]);
    expect(evaluated.stderr).toContain("the thresholds were tuned on 50 of these 110 texts");
    // Other thresholds were not.
    const given = await tagformer([
      "evaluate",
      tableOf(tuning),
      "--model",
      copy,
      ...speed,
      "--threshold",
      "0.5",
    ]);
    expect(given.stderr).not.toContain("tuned on");
  });

  it("on texts that were trained on are warned of", async () => {
    const flags = ["--model", model, "--dry-run", ...speed];
    const { stderr } = await tagformer(["thresholds", tableOf(trainingRows), ...flags]);
    expect(stderr).toContain("warning: the model was trained on all 300 of these texts");
  });

  it("that were tuned on the run's validation rows are known as such, with figures on its test rows", async () => {
    const { end } = await finish(tinyRun({ train: trainingRows, testSplit: 0.2, epochs: 1 }));
    const { status, stdout } = await tagformer(["thresholds", "--model", end.directory]);
    expect(status).toBe(0);
    expect(stdout).toContain("The model's figures with these thresholds, on the 60 test rows");
    const record = JSON.parse(readFileSync(join(end.directory, "tagformer.json"), "utf8"));
    expect(record.tuning).toMatchObject({ onValidation: true, test: { metrics: { rows: 60 } } });
    expect(record.tuning.texts).toEqual(record.texts.validation);
    const card = readFileSync(join(end.directory, "README.md"), "utf8");
    expect(card).toContain("The model's figures with these thresholds are those on the 60 test rows");
    const { stderr } = await tagformer([
      "evaluate",
      tableOf(trainingRows),
      "--model",
      end.directory,
      ...speed,
    ]);
    expect(stderr).toMatch(/trained on 21\d of these 300 texts/);
    expect(stderr).toMatch(/thresholds were tuned on (2\d|30) of these 300 texts/);
  });
});

describe("tagformer compare", () => {
  it("says for each model what it has seen of a table", async () => {
    const { status, stderr } = await tagformer([
      "compare",
      model,
      second,
      "--data",
      tableOf(trainingRows),
      ...speed,
    ]);
    expect(status).toBe(0);
    for (const directory of [model, second]) {
      expect(stderr).toContain(`${directory}: warning: the model was trained on all 300 of these texts`);
    }
  });

  it("on the runs' validation rows says that the epochs were chosen by them", async () => {
    const { status, stdout, stderr } = await tagformer(["compare", model, second]);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("80 rows of the runs' validation rows");
    for (const directory of [model, second]) {
      expect(stderr).toContain(`${directory}: warning: its epoch was chosen on these very rows`);
    }
    expect(stderr).not.toContain("tuned");
    await tagformer(["thresholds", "--model", second]);
    const tuned = await tagformer(["compare", model, second]);
    expect(tuned.stderr).toContain(`${second}: warning: its thresholds were tuned on these very rows`);
  });

  it("takes the runs' test rows where both have the same", async () => {
    const run = { train: trainingRows, testSplit: 0.2, epochs: 1 };
    const directories = [];
    for (const validationSplit of [0.1, 0.2]) {
      directories.push((await finish(tinyRun({ ...run, validationSplit }))).end.directory);
    }
    const { status, stdout, stderr } = await tagformer(["compare", ...directories]);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("60 rows of the runs' test rows");
    expect(stderr).not.toContain("chosen on these");
  });
});
