// tagformer evaluate
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { testDevice } from "../test-device.js";
import { csvOf, labelNames, temporaryFolder } from "../unit/training/tiny-run.js";
import { tagformer, write } from "./command.js";
import { type Trained, trained } from "./trained.js";

let model: string;
let data: Trained["data"];
let table: string;
let withModel: readonly string[];
beforeAll(async () => {
  ({ directory: model, flags: withModel, data, table } = await trained(100));
});

describe("tagformer evaluate", () => {
  it("prints the report of every label and the metrics", async () => {
    const { status, stdout } = await tagformer(["evaluate", table, ...withModel]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/precision +recall +f1-score +support/);
    for (const name of labelNames) expect(stdout).toMatch(new RegExp(`${name}( +\\d\\.\\d\\d){3} +\\d+`));
    expect(stdout).toMatch(/rows +100\nloss +0\.\d{4}\nmicro-F1 +\d\.\d{4}\n/);
    expect(stdout).toMatch(/mean ROC AUC +\d\.\d{4}\n$/);
  });

  it("says the same in JSON as the API", async () => {
    const { status, stdout } = await tagformer([
      "evaluate",
      table,
      "--model",
      model,
      "--json",
      "--mistakes",
      "2",
    ]);
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    await using classifier = await Classifier.load(model, { threads: 1, device: testDevice });
    const { metrics, mistakes } = await classifier.evaluate(data);
    expect(result).toMatchObject({ model, data: table, metrics: JSON.parse(JSON.stringify(metrics)) });
    expect(result.mistakes).toHaveLength(Math.min(2, mistakes.length));
  });

  it("joins labels from a file of their own by id, and leaves out rows without any", async () => {
    const folder = temporaryFolder();
    const lines = csvOf(data).trimEnd().split("\n");
    const texts = lines.map((line) => line.split(",").slice(0, 2).join(","));
    const labels = lines.map((line, i) => {
      const [id, , ...values] = line.split(",");
      return [id, ...(i > 90 ? values.map(() => "-1") : values)].join(",");
    });
    const test = write(join(folder, "test.csv"), texts.join("\n"));
    const labelFile = write(
      join(folder, "test_labels.csv"),
      [labels[0], ...labels.slice(1).reverse()].join("\n"),
    );
    const { status, stdout, stderr } = await tagformer([
      "evaluate",
      test,
      "--label-file",
      labelFile,
      "--model",
      model,
      "--json",
    ]);
    expect(status).toBe(0);
    expect(stderr).toContain("left out 10 rows without any label");
    const rest = { ...data, texts: data.texts.slice(0, 90), labels: data.labels.slice(0, 270) };
    await using classifier = await Classifier.load(model, { threads: 1, device: testDevice });
    const { metrics } = await classifier.evaluate(rest);
    expect(JSON.parse(stdout).metrics).toEqual(JSON.parse(JSON.stringify(metrics)));
  });

  it("shows the worst mistakes with their lines, long texts cut", async () => {
    const wrong = `text,${labelNames}\n"my\nparcel",0,0,0\n${"hello ".repeat(40)}login,1,0,1\n`;
    const file = write(join(temporaryFolder(), "wrong.csv"), wrong);
    const { status, stdout } = await tagformer(["evaluate", file, ...withModel, "--mistakes", "5"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nline 2: delivery is 0, predicted 0\.\d{3}: my parcel\n/);
    expect(stdout).toMatch(/\nline 4: (delivery|access) is 1, predicted 0\.\d{3}: (hello ){16}hell\.\.\.\n/);
  });

  it.each<[string, string[], number, RegExp]>([
    ["a negative number of mistakes", ["--mistakes", "-3"], 2, /whole number from 0/],
    ["a number of mistakes that is none", ["--mistakes", "few"], 2, /whole number from 0/],
    ["a flag of training", ["--epochs", "3"], 2, /unknown option '--epochs'/],
    ["a label file without ids", ["--label-file", "LABELS"], 1, /has no id column/],
    ["a misspelt label column", ["--labels", "delivery,mony,access"], 2, /did you mean "money"/],
  ])("refuses %s", async (_, flags, expected, message) => {
    const labels = write(join(temporaryFolder(), "labels.csv"), "delivery,money,access\n1,0,1\n");
    const args = flags.map((flag) => (flag === "LABELS" ? labels : flag));
    const { status, stdout, stderr } = await tagformer(["evaluate", table, ...withModel, ...args]);
    expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
    expect(stderr).toMatch(message);
  });

  it("names the label of the model that the table lacks", async () => {
    const file = write(join(temporaryFolder(), "short.csv"), "text,delivery,money\na,1,0\nb,0,1\n");
    const { status, stderr } = await tagformer(["evaluate", file, ...withModel]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^tagformer: .*short\.csv has no column for the label "access" of the model; expected one of text/,
    );
  });
});
