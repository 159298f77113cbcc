// Directories without tokenizer.json: RoBERTa's files, and what several files say about special tokens.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import { temporaryDirectory, writeJson } from "../model/files.js";

/** "Ġ" is a byte-level blank. */
const tokens = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "Ġ", "ab", "Ġa", "<mask>", "x"];
const [cls, sep] = [0, 2];
const id = (token: string) => tokens.indexOf(token);

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  write("vocab.json", Object.fromEntries(tokens.map((token, i) => [token, i])));
  writeFileSync(join(directory, "merges.txt"), "#version: 0.2\na b\nĠ a\n");
});

const write = (file: string, content: unknown) => writeJson(join(directory, file), content);
const load = () => Tokenizer.load(directory, "roberta");
const ids = async (text: string) => Array.from((await (await load()).encode([text], 100)).ids);
const inner = async (text: string) => (await ids(text)).slice(1, -1);

describe("RoBERTa's vocab.json and merges.txt", () => {
  it("are a byte-level BPE, whose merges come in their order", async () => {
    expect(await ids("ab a")).toEqual([cls, id("ab"), id("Ġa"), sep]);
    writeFileSync(join(directory, "merges.txt"), "Ġ a\r\na b");
    expect(await inner("ab ab")).toEqual([id("ab"), id("Ġa"), id("b")]);
    expect((await load()).vocabularySize).toBe(tokens.length);
  });

  it("may have a blank put before each text", async () => {
    write("tokenizer_config.json", { add_prefix_space: true });
    expect(await inner("a")).toEqual([id("Ġa")]);
    write("tokenizer_config.json", { add_prefix_space: 1 });
    await expect(load()).rejects.toThrow("add_prefix_space is 1; expected true or false");
  });

  it("need each other", async () => {
    rmSync(join(directory, "merges.txt"));
    await expect(load()).rejects.toThrow("has no tokenizer.json and no vocab.json with merges.txt");
  });

  it.each([
    ["vocab.json", '{"<s>":0,"</s>":-1}', '"</s>" has the id -1'],
    ["vocab.json", '{"<s>":0,"</s>":"2"}', 'has the id "2"'],
    ["vocab.json", '{"<s>":0,"a":1}', 'has no token "</s>", the sep_token'],
    ["vocab.json", "[]", "holds an array"],
    ["merges.txt", "#version: 0.2\na b\n\n", 'line 3 is ""'],
    ["merges.txt", "a b c", "line 1 is"],
    ["merges.txt", "a z", "cannot be used"],
  ])("are refused with a %s of %j", async (file, content, problem) => {
    writeFileSync(join(directory, file), content);
    await expect(load()).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
  });
});

describe("special tokens without tokenizer.json", () => {
  it("are found in texts with the blanks that their flags take along", async () => {
    expect(await inner("a <mask> a")).toEqual([4, id("Ġ"), id("<mask>"), id("Ġa")]);
    write("special_tokens_map.json", { mask_token: { content: "<mask>", lstrip: true } });
    expect(await inner("a <mask> a")).toEqual([4, id("<mask>"), id("Ġa")]);
    write("special_tokens_map.json", { mask_token: { content: "<mask>", lstrip: true, rstrip: true } });
    expect(await inner("a <mask> a")).toEqual([4, id("<mask>"), 4]);
  });

  it("are those of special_tokens_map.json, unless tokenizer_config.json lists the added tokens", async () => {
    write("tokenizer_config.json", { cls_token: "a" });
    expect((await ids("b"))[0]).toBe(id("a"));
    write("special_tokens_map.json", { cls_token: "b" });
    expect((await ids("b"))[0]).toBe(id("b"));
    const added_tokens_decoder = { 9: { content: "<mask>", rstrip: true } };
    write("tokenizer_config.json", { cls_token: "a", added_tokens_decoder });
    expect((await ids("b"))[0]).toBe(id("a"));
    expect(await inner("<mask> a")).toEqual([id("<mask>"), 4]);
  });

  it("are joined by other tokens of the vocabulary that a file adds", async () => {
    expect(await inner("x")).toEqual([id("x")]);
    write("tokenizer_config.json", { additional_special_tokens: [{ content: "x", lstrip: true }] });
    expect(await inner("a x")).toEqual([4, id("x")]);
  });
});
