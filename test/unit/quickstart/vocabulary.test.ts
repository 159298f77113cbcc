import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { quickstartTickets } from "../../../examples/quickstart/generate.mjs";
import { learnVocabulary, quickstartVocabulary } from "../../../examples/quickstart/vocabulary.mjs";
import { Tokenizer } from "../../../src/text/tokenizer.js";

const model = fileURLToPath(new URL("../../../examples/quickstart/model", import.meta.url));
const texts: string[] = quickstartTickets().map((ticket: { text: string }) => ticket.text);
const readEntries = async () => (await readFile(`${model}/vocab.txt`, "utf8")).trimEnd().split("\n");

test("the vocabulary in the repository is the one that the tickets give", async () => {
  expect(await readEntries()).toEqual(quickstartVocabulary());
});

test("frequent words become whole entries, rare ones stay in pieces", () => {
  const entries: string[] = learnVocabulary(["the cat", "the cat", "the cow"], 1000, 2);
  expect(entries).toContain("cat");
  expect(entries).toContain("the");
  expect(entries).not.toContain("cow");
  expect(entries).toEqual([...new Set(entries)]);
});

test("learning stops at the size asked for", () => {
  const letters = learnVocabulary([], 1000, 1).length;
  expect(learnVocabulary(["refund refund refund"], letters + 2, 1)).toHaveLength(letters + 2);
});

test("the config has a row for every entry", async () => {
  const config = JSON.parse(await readFile(`${model}/config.json`, "utf8"));
  expect(config.vocab_size).toBe((await readEntries()).length);
});

test("no ticket has an unknown word or is too long for the model", async () => {
  const tokenizer = await Tokenizer.load(model, "bert");
  const unknown = (await readEntries()).indexOf("[UNK]");
  const { ids, counts } = await tokenizer.encode(texts, 128);
  expect(ids.includes(unknown)).toBe(false);
  expect(Math.max(...counts.cut)).toBe(0);
});
