// What every command that reads texts says about those that it cuts.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, it } from "vitest";
import { csvOf, temporaryFolder, tinyDataset } from "../unit/training/tiny-run.js";
import { tagformer, write } from "./command.js";
import { type Trained, trained } from "./trained.js";

let trainedModel: Trained;
let table: string;
const short = "my parcel";
const long = "my parcel is late and the login fails again";
beforeAll(async () => {
  trainedModel = await trained(40);
  table = write(join(temporaryFolder(), "texts.csv"), `id,text\n1,${short}\n2,${long}\n3,${long}\n`);
});

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1);
const line = /^2 of 3 texts were cut at 5 tokens; --max-length reads more/;

describe("tagformer predict", () => {
  it("ends with how many texts were cut, and tells of each how much was read", async () => {
    const { flags } = trainedModel;
    const args = ["predict", table, ...flags, "--max-length", "5"];
    const { stdout, stderr } = await tagformer([...args, "--tokens"]);
    expect(lastLine(stderr)).toMatch(line);
    const [header, ...rows] = parse(stdout) as string[][];
    expect(header!.slice(-2)).toEqual(["tokens_read", "tokens_cut"]);
    const lengths = rows.map((row) => row.slice(-2).map(Number));
    const whole = (await tagformer(["predict", table, ...flags, "--json"])).stdout;
    const read = (JSON.parse(whole) as { tokens: { read: number } }[]).map(({ tokens }) => tokens.read);
    expect(lengths).toEqual(read.map((all) => [Math.min(all, 5), Math.max(0, all - 5)]));
    const json = await tagformer([...args, "--json"]);
    const tokens = (JSON.parse(json.stdout) as { tokens: object }[]).map((prediction) => prediction.tokens);
    expect(tokens).toEqual(lengths.map(([read, cut]) => ({ read, cut })));
    expect(lastLine(json.stderr)).toMatch(line);
  });

  it("cuts nothing, and says nothing, where windows or the length cover the texts", async () => {
    const { flags } = trainedModel;
    const windows = ["--max-length", "5", "--window-stride", "2"];
    for (const more of [windows, []]) {
      const { stdout, stderr } = await tagformer(["predict", table, ...flags, ...more, "--json"]);
      expect(stderr).not.toMatch(/cut|windows/);
      const predictions = JSON.parse(stdout) as { tokens: { read: number; cut: number } }[];
      expect(predictions.map(({ tokens }) => tokens.cut)).toEqual([0, 0, 0]);
      expect(predictions[1]!.tokens.read).toBeGreaterThan(5);
    }
  });
});

describe("the other commands", () => {
  it("end with the same line", async () => {
    const { flags, directory, table: labelled } = trainedModel;
    const cutting = ["--max-length", "4", "--threads", "1"];
    const withModel = [...flags, "--max-length", "4"];
    const said = /^\d+ of 40 texts were cut at 4 tokens/;
    const evaluated = await tagformer(["evaluate", labelled, ...withModel, "--json"]);
    expect(lastLine(evaluated.stderr)).toMatch(said);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ cutTexts: { texts: 40, maxLength: 4 } });
    const tuned = await tagformer(["thresholds", labelled, ...withModel, "--dry-run", "--json"]);
    expect(lastLine(tuned.stderr)).toMatch(said);
    expect(Object.keys(JSON.parse(tuned.stdout))).not.toContain("tokens");
    const compared = await tagformer(["compare", directory, directory, "--data", labelled, ...cutting]);
    const lines = compared.stderr.trimEnd().split("\n").slice(-2);
    for (const one of lines) expect(one.replace(`${directory}: `, "")).toMatch(said);
    const explained = await tagformer(["explain", long, ...withModel]);
    expect(lastLine(explained.stderr)).toMatch(
      /^the text was cut at 4 tokens: \d+ tokens are not explained$/,
    );
  });

  it("end with what the model would cut, as its training read texts", async () => {
    const texts = write(
      join(temporaryFolder(), "labelled.csv"),
      `text,a\n${short},1\n${long},0\n${long},1\n`,
    );
    const model = join(temporaryFolder(), "short");
    const record = join(model, "tagformer.json");
    cpSync(trainedModel.directory, model, { recursive: true });
    const inspected = async (reading: object) => {
      const content = JSON.parse(readFileSync(record, "utf8"));
      const options = { ...content.options, ...reading };
      writeFileSync(record, JSON.stringify({ ...content, options }));
      return (await tagformer(["inspect", texts, "--model", model])).stderr;
    };
    expect(lastLine(await inspected({ maxLength: 5 }))).toBe(
      `2 of 3 texts are longer than 5 tokens, at which ${model} cuts texts unless --max-length or --window-stride say otherwise`,
    );
    expect(await inspected({ windowStride: 2 })).not.toMatch(/cut/);
  });

  it("end with it after a training, whose texts are counted once", async () => {
    const data = write(join(temporaryFolder(), "train.csv"), csvOf(tinyDataset(40, 2)));
    const output = join(temporaryFolder(), "model");
    const args = [
      "train",
      data,
      ...trainedModel.flags,
      "--output",
      output,
      "--epochs",
      "2",
      "--preset",
      "plain",
    ];
    const { stderr, status } = await tagformer([...args, "--max-length", "4"]);
    expect(status).toBe(0);
    expect(lastLine(stderr)).toMatch(/^\d+ of 40 texts were cut at 4 tokens/);
    const { options } = JSON.parse(readFileSync(join(output, "tagformer.json"), "utf8"));
    expect(options.maxLength).toBe(4);
  });
});
