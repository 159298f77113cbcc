// How long a text may be: what is asked for, what the tokenizer's files say, and what the model has positions for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { finish, tinyRun, tinySource } from "./tiny-run.js";

const longText = "parcel ".repeat(50);
const tokenizerConfig = (directory: string) =>
  JSON.parse(readFileSync(join(directory, "tokenizer_config.json"), "utf8"));
/** A source whose tokenizer allows 8 tokens, and whose model has 32 positions. */
function shortSource() {
  const source = tinySource();
  const content = { tokenizer_class: "BertTokenizer", model_max_length: 8 };
  writeFileSync(join(source.tokenizer, "tokenizer_config.json"), JSON.stringify(content));
  return source;
}
async function lengthOf(directory: string, maxLength?: number): Promise<number> {
  await using classifier = await Classifier.load(directory, { threads: 1, maxLength });
  const { tokens } = await classifier.predict(longText);
  expect(tokens).toEqual({ read: classifier.maxLength, cut: 52 - classifier.maxLength });
  return classifier.maxLength;
}

let shortModel: string;
beforeAll(async () => {
  shortModel = (await finish(tinyRun(shortSource()))).end.directory;
});

describe("a prediction", () => {
  it("goes by the tokenizer's limit where nothing else is asked for", async () => {
    expect(await lengthOf(shortModel)).toBe(8);
  });

  it("goes by what is asked for, which wins over the tokenizer's limit", async () => {
    expect(await lengthOf(shortModel, 20)).toBe(20);
    expect(await lengthOf(shortModel, 5)).toBe(5);
    expect(await lengthOf(shortModel, 32)).toBe(32);
  });

  it("is refused where more is asked for than the model has positions", async () => {
    await expect(lengthOf(shortModel, 33)).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(
        "maxLength is 33, but the model has positions for 32 tokens; give at most 32",
      ),
    });
  });
});

describe("a training", () => {
  it("may ask for more than the tokenizer's limit, and the saved model says so to everyone", async () => {
    const { directory } = (await finish(tinyRun({ ...shortSource(), maxLength: 20 }))).end;
    expect(tokenizerConfig(directory).model_max_length).toBe(20);
    expect(await lengthOf(directory)).toBe(20);
  });

  it("that asks for less leaves the tokenizer's limit, and is read as it was trained", async () => {
    const { directory } = (await finish(tinyRun({ ...shortSource(), maxLength: 6 }))).end;
    expect(tokenizerConfig(directory).model_max_length).toBe(8);
    expect(await lengthOf(directory)).toBe(6);
  });

  it("is refused where more is asked for than the model has positions", async () => {
    for (const preset of ["plain", "seed"] as const) {
      await expect(finish(tinyRun({ ...shortSource(), preset, maxLength: 64 }))).rejects.toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining("positions for 32 tokens"),
      });
    }
  });

  it("by the preset seed reads 100 tokens, or what the model has positions for", async () => {
    const { directory } = (await finish(tinyRun({ preset: "seed", epochs: 1 }))).end;
    expect(JSON.parse(readFileSync(join(directory, "tagformer.json"), "utf8")).options.maxLength).toBe(32);
    expect(tokenizerConfig(directory).model_input_names).toEqual(["input_ids", "attention_mask"]);
  });
});
