// The whole notebook, on a small share of the look-alikes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readDataset } from "../../src/data/read.js";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { type Outcome, root, run } from "./package.js";

const folder = temporaryFolder();
const output = join(folder, "run");
let outcome: Outcome;

function example(name: string, ...parameters: string[]): Outcome {
  return run(process.execPath, [join("examples", "toxic-comments", name), ...parameters], root);
}

beforeAll(() => {
  expect(example("generate.mjs", folder, "--share", "0.01")).toMatchObject({ status: 0, stderr: "" });
  outcome = example("run.mjs", folder, "--output", output, "--epochs", "2", "--threads", "1");
});

describe("the toxic comments", () => {
  it("are written as Kaggle's tables are", () => {
    const firstLine = (file: string) => readFileSync(join(folder, file), "utf8").split("\n", 1)[0];
    const labels = "toxic,severe_toxic,obscene,threat,insult,identity_hate";
    expect(firstLine("train.csv")).toBe(`id,comment_text,${labels}`);
    expect(firstLine("test.csv")).toBe("id,comment_text");
    expect(firstLine("test_labels.csv")).toBe(`id,${labels}`);
  });

  it("go through the whole notebook, every figure beside its own", () => {
    expect(outcome.status, outcome.stderr).toBe(0);
    const { stdout } = outcome;
    expect(stdout).toMatch(/^rows +1596 +159571$/m);
    expect(stdout).toMatch(/^threat +5 +478$/m);
    expect(stdout).toMatch(/^1436 rows to train on, 160 to validate on; \d+ weights$/m);
    expect(stdout).toMatch(/^epoch 2: training loss +0\.\d{4} +0\.0346$/m);
    expect(stdout).toMatch(/^892 rows of test\.csv have no labels and are left out$/m);
    expect(stdout).toMatch(/^ +micro avg( +[01]\.\d\d){3} +145$/m);
    expect(stdout).toMatch(/^test rows +640 +63978$/m);
    expect(stdout).toMatch(/^ {2}of them toxic +61 +6090$/m);
    expect(stdout).toMatch(/^ {2}macro-F1 +[01]\.\d{4} +0\.6100$/m);
    expect(stdout).toMatch(/^threshold by the notebook's search +0\.\d+ +0\.6000$/m);
  });

  it("leave a table of true and predicted labels beside the text as the tokenizer saw it", async () => {
    const { dataset } = await readDataset(join(folder, "test.csv"), {
      labelFile: join(folder, "test_labels.csv"),
    });
    const table = await readDataset(join(output, "comparisons.csv"), {
      text: "comment_text",
      labelColumn: "true_labels",
      labels: [...dataset.labelNames],
    });
    expect(table.dataset.labels).toEqual(dataset.labels);
    expect([...table.dataset.ids!]).toEqual([...dataset.ids!]);
    const [original, seen] = [[...dataset.texts], [...table.dataset.texts]];
    expect(seen.every((text) => text === text.toLowerCase())).toBe(true);
    const words = (text: string) =>
      text
        .toLowerCase()
        .match(/[a-z]+/g)!
        .slice(0, 5);
    for (const [row, text] of seen.entries()) expect(words(text)).toEqual(words(original[row]!));
  });
});
