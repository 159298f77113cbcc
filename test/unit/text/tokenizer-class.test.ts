// A vocabulary without tokenizer.json is refused where the tokenizer's class would read it in another way.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { readTokenizerFiles } from "../../../src/text/tokenizer-files.js";
import { temporaryDirectory, writeJson } from "../model/files.js";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  writeFileSync(join(directory, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
});
const write = (file: string, content: unknown) => writeJson(join(directory, file), content);
const read = (modelType = "bert") => readTokenizerFiles({ directory, modelType });

describe("a vocab.txt alone", () => {
  it.each<[string, object, object, string]>([
    ["Japanese words", { tokenizer_class: "BertJapaneseTokenizer" }, {}, "is BertJapaneseTokenizer"],
    ["a class in config.json", {}, { tokenizer_class: "BertJapaneseTokenizer" }, "config.json says"],
    ["another class", { tokenizer_class: "RoFormerTokenizerFast" }, {}, "is RoFormerTokenizer,"],
    ["a word splitter", { word_tokenizer_type: "mecab" }, {}, 'word_tokenizer_type is "mecab"'],
    ["characters", { subword_tokenizer_type: "character" }, {}, 'subword_tokenizer_type is "character"'],
    ["another prefix", { wordpieces_prefix: "@@" }, {}, 'wordpieces_prefix is "@@"'],
    ["texts as they are", { clean_text: false }, {}, "clean_text is false"],
    ["code", { auto_map: { AutoTokenizer: ["tok.Own", null] } }, {}, "is Python code, tok.Own"],
    ["code, as it was once listed", { auto_map: ["tok.Own", null] }, {}, "is Python code, tok.Own"],
    ["code in config.json", {}, { auto_map: { AutoTokenizer: "tok.Own" } }, "is Python code, tok.Own"],
  ])("is refused for %s", async (_, tokenizerConfig, modelConfig, problem) => {
    write("tokenizer_config.json", tokenizerConfig);
    write("config.json", { model_type: "bert", ...modelConfig });
    await expect(read()).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
    await expect(read()).rejects.toThrow(/there is no tokenizer.json: vocab.txt alone/);
  });

  it.each([
    {
      tokenizer_class: "BertTokenizerFast",
      word_tokenizer_type: "basic",
      subword_tokenizer_type: "wordpiece",
    },
    { tokenizer_class: "ElectraTokenizer", clean_text: true, wordpieces_prefix: "##", auto_map: null },
    { tokenizer_class: "DistilBertTokenizer", auto_map: { AutoModel: "own.Model" } },
    { tokenizer_class: null },
    { tokenizer_class: "" },
  ])("is read with %j", async (tokenizerConfig) => {
    write("tokenizer_config.json", tokenizerConfig);
    expect((await read()).document.model).toMatchObject({ type: "WordPiece" });
  });
});

describe("a vocab.json with merges.txt alone", () => {
  beforeEach(() => {
    write("vocab.json", { "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, a: 5, b: 6, ab: 7 });
    writeFileSync(join(directory, "merges.txt"), "#version: 0.2\na b\n");
  });

  it.each<[string, object, object, string]>([
    ["Japanese words", { tokenizer_class: "BertJapaneseTokenizer" }, {}, "is BertJapaneseTokenizer"],
    ["another class", { tokenizer_class: "HerbertTokenizerFast" }, {}, "is HerbertTokenizer,"],
    ["a class in config.json", {}, { tokenizer_class: "GPT2Tokenizer" }, "config.json says"],
    ["code", { auto_map: { AutoTokenizer: ["tok.Own", null] } }, {}, "is Python code, tok.Own"],
  ])("is refused for %s", async (_, tokenizerConfig, modelConfig, problem) => {
    write("tokenizer_config.json", tokenizerConfig);
    write("config.json", { model_type: "roberta", ...modelConfig });
    await expect(read("roberta")).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
    await expect(read("roberta")).rejects.toThrow(
      /there is no tokenizer.json: vocab.json with merges.txt alone/,
    );
  });

  it.each([{ tokenizer_class: "RobertaTokenizerFast" }, { tokenizer_class: null }, {}])(
    "is read with %j",
    async (tokenizerConfig) => {
      write("tokenizer_config.json", tokenizerConfig);
      expect((await read("roberta")).document.model).toMatchObject({ type: "BPE" });
    },
  );

  it("is missing where another class has files of its own, which is named", async () => {
    rmSync(join(directory, "merges.txt"));
    write("tokenizer_config.json", { tokenizer_class: "PhobertTokenizer" });
    await expect(read("roberta")).rejects.toThrow(
      /has no tokenizer.json and no vocab.json with merges.txt; .* says that the tokenizer is PhobertTokenizer;/,
    );
  });
});

it.each([
  ["roberta", "BertTokenizer", "WordPiece"],
  ["albert", "BertTokenizerFast", "WordPiece"],
  ["deberta-v2", "BertTokenizer", "WordPiece"],
])("reads the vocabulary of a %s whose tokenizer is %s", async (modelType, name, type) => {
  write("tokenizer_config.json", { tokenizer_class: name });
  expect((await read(modelType)).document.model).toMatchObject({ type });
});

it("refuses a tokenizer.json that its class never reads", async () => {
  const { document } = await read();
  write("tokenizer.json", document);
  write("tokenizer_config.json", { tokenizer_class: "BertJapaneseTokenizer" });
  await expect(read()).rejects.toThrow(/never reads tokenizer.json; if .* "PreTrainedTokenizerFast"/);
  write("tokenizer_config.json", { tokenizer_class: "PreTrainedTokenizerFast" });
  expect((await read()).description.generated).toBeNull();
});
