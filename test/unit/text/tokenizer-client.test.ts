// The thread that is started before it is known for which tokenizer.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import { prepareTokenizer } from "../../../src/text/tokenizer-client.js";
import { temporaryDirectory } from "../model/files.js";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  writeFileSync(join(directory, "vocab.txt"), "[UNK]\n[CLS]\n[SEP]\na\nb\n");
});

it("serves the next tokenizer, and no other", async () => {
  const up = prepareTokenizer();
  expect(prepareTokenizer()).toBe(up);
  await up;
  await using first = await Tokenizer.load(directory, "bert");
  await using second = await Tokenizer.load(directory, "bert");
  expect(prepareTokenizer()).not.toBe(up);
  expect(await first.encode(["a b"], 8)).toEqual(await second.encode(["a b"], 8));
});

it("may be asked before it is up", async () => {
  prepareTokenizer();
  await using tokenizer = await Tokenizer.load(directory, "bert");
  expect((await tokenizer.encode(["a"], 8)).ids.length).toBeGreaterThan(0);
});

it("leaves the next tokenizer a thread when one cannot be loaded", async () => {
  prepareTokenizer();
  await expect(Tokenizer.load(join(directory, "none"), "bert")).rejects.toMatchObject({
    code: "INVALID_MODEL",
  });
  await using tokenizer = await Tokenizer.load(directory, "bert");
  expect(tokenizer.vocabularySize).toBeGreaterThan(0);
});

it("does not keep a process alive that loads nothing", () => {
  const client = JSON.stringify(new URL("../../../dist/text/tokenizer-client.js", import.meta.url).href);
  const code = `const { prepareTokenizer } = await import(${client}); await prepareTokenizer(); console.log("up");`;
  const { status, stdout, error } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    timeout: 300_000,
  });
  expect(error).toBeUndefined();
  expect({ status, stdout }).toEqual({ status: 0, stdout: "up\n" });
});
