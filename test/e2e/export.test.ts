// tagformer export
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { archive } from "../unit/model/torchscript/module.mjs";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";
import { buildCommand, tagformer } from "./command.js";

let model: string;
let folder: string;
beforeAll(async () => {
  buildCommand();
  model = (await finish(tinyRun())).end.directory;
  folder = temporaryFolder();
});

describe("tagformer export", () => {
  it("writes a TorchScript module and says how it was checked", async () => {
    const output = join(folder, "new", "model.pt");
    const { status, stdout } = await tagformer(["export", model, "--output", output]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Wrote .*model\.pt\.\nLoaded again: the logits of 8 texts of 1 to \d+ tokens differ by at most \d\.\de-\d+\.\n$/,
    );
    expect(readdirSync(join(folder, "new"))).toEqual(["model.pt"]);
    // A zip file, with the texts that belong to the model stored as they are.
    const bytes = readFileSync(output, "latin1");
    expect(bytes.startsWith("PK")).toBe(true);
    for (const file of ["extra/config.json", "extra/tokenizer.json"]) expect(bytes).toContain(file);
    for (const part of ['"hidden_size"', '"type":"WordPiece"']) expect(bytes).toContain(part);
  });

  it("writes the weights, or the directory, as safetensors", async () => {
    const weights = join(folder, "weights.safetensors");
    const args = ["export", model, "--format", "safetensors", "--json", "--output"];
    const { status, stdout } = await tagformer([...args, weights]);
    expect(status).toBe(0);
    const bytes = readFileSync(weights);
    expect(JSON.parse(stdout)).toEqual({ output: weights, bytes: bytes.length, check: null });
    expect(bytes.equals(readFileSync(join(model, "model.safetensors")))).toBe(true);

    const copy = join(folder, "copy");
    await using classifier = await Classifier.load(model, { threads: 1 });
    await classifier.export(copy, { format: "safetensors" });
    await using again = await Classifier.load(copy, { threads: 1 });
    const texts = ["alpha beta", "gamma"];
    expect(await again.logits(texts)).toEqual(await classifier.logits(texts));
  });

  it("writes a TorchScript module as it is", async () => {
    const file = join(folder, "bag.pt");
    writeFileSync(file, archive());
    const tokenizer = join(folder, "tokenizer");
    mkdirSync(tokenizer);
    writeFileSync(join(tokenizer, "config.json"), JSON.stringify({ model_type: "bert" }));
    writeFileSync(join(tokenizer, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
    const output = join(folder, "copy.pt");
    const refused = await tagformer(["export", file, "--tokenizer", tokenizer, "--output", output]);
    expect(refused.stderr).toContain("--trust");
    expect(existsSync(output)).toBe(false);
    const { status } = await tagformer([
      "export",
      file,
      "--tokenizer",
      tokenizer,
      "--trust",
      "--output",
      output,
    ]);
    expect(status).toBe(0);
    const options = { tokenizer, trust: true, threads: 1 };
    await using original = await Classifier.load(file, options);
    await using copy = await Classifier.load(output, options);
    expect(await copy.logits(["a a"])).toEqual(await original.logits(["a a"]));
  });

  it("replaces a file only by a whole one", async () => {
    const output = join(folder, "kept.pt");
    writeFileSync(output, "old");
    await using bf16 = await Classifier.load(model, { threads: 1, precision: "bf16" });
    await expect(bf16.export(output)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    expect(readFileSync(output, "utf8")).toBe("old");
    await using classifier = await Classifier.load(model, { threads: 1 });
    await classifier.export(output);
    expect(readFileSync(output, "latin1").startsWith("PK")).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("refuses a directory as the file to write, an unknown format, and a place that cannot be", async () => {
    const directory = join(folder, "directory");
    mkdirSync(directory);
    await using classifier = await Classifier.load(model, { threads: 1 });
    await expect(classifier.export(directory)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    const inFile = join(model, "config.json", "model.pt");
    await expect(classifier.export(inFile)).rejects.toMatchObject({ code: "IO" });
    const output = join(folder, "model.onnx");
    const { status, stderr } = await tagformer(["export", model, "--format", "onnx", "--output", output]);
    expect(status).toBe(2);
    expect(stderr).toContain("torchscript, safetensors");
    expect(existsSync(output)).toBe(false);
  });
});
