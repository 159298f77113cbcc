// The encoder without its thread.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Encoder } from "../../../src/text/encoder.js";
import { temporaryDirectory, writeJson } from "../model/files.js";

function directoryWith(config: object = {}): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "vocab.txt"), "[UNK]\n[CLS]\n[SEP]\na\nb\n");
  writeJson(join(directory, "tokenizer_config.json"), config);
  return directory;
}

it("encodes every text up to the limit", async () => {
  const encoder = await Encoder.load({ directory: directoryWith(), modelType: "bert" });
  expect(encoder).toMatchObject({ vocabularySize: 5, frame: { before: 1, after: 1 } });
  const { ids, lengths, cut } = await encoder.encode(["a b a b", "a b a", "x"], 5);
  expect([...ids]).toEqual([1, 3, 4, 3, 2, 1, 3, 4, 3, 2, 1, 0, 2]);
  expect([...lengths]).toEqual([5, 5, 3]);
  expect([...cut]).toEqual([1, 0, 0]);
  expect(await encoder.decode(ids.subarray(5, 10))).toBe("a b a");
});

it("cuts the side that the tokenizer says", async () => {
  const encoder = await Encoder.load({
    directory: directoryWith({ truncation_side: "left" }),
    modelType: "bert",
  });
  expect([...(await encoder.encode(["a a b"], 4)).ids]).toEqual([1, 3, 4, 2]);
});

it("names the directory whose tokenizer the library refuses", async () => {
  const directory = directoryWith();
  writeJson(join(directory, "tokenizer.json"), { model: { type: "WordPiece", vocab: { a: -1 } } });
  await expect(Encoder.load({ directory: directory, modelType: "bert" })).rejects.toMatchObject({
    code: "INVALID_MODEL",
    message: expect.stringContaining(`the tokenizer of ${directory} cannot be used`),
  });
});
