import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { hasLabels, readModelConfig, readModelDirectory } from "../../../src/model/directory.js";
import { temporaryDirectory, writeJson, writeTensors } from "./files.js";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
  writeJson(join(directory, "config.json"), {
    model_type: "bert",
    id2label: { 0: "x", 1: "y" },
    hidden_size: 8,
  });
  writeTensors(join(directory, "model.safetensors"), ["bert.a", "classifier.bias", "classifier.weight"]);
});

describe("readModelDirectory", () => {
  it("reads config, labels, weights and tagformer.json", async () => {
    writeJson(join(directory, "tagformer.json"), { formatVersion: 1, seed: 7 });
    const model = await readModelDirectory(directory);
    expect(model).toMatchObject({
      path: directory,
      modelType: "bert",
      labels: { names: ["x", "y"], named: true },
      tagformer: { seed: 7 },
    });
    expect(model.config.hidden_size).toBe(8);
    expect(model.tensors).toHaveLength(3);
  });

  it("does without tagformer.json", async () => {
    expect((await readModelDirectory(directory)).tagformer).toBeNull();
  });

  it.each([
    ["a newer tagformer.json", "tagformer.json", '{"formatVersion":2}', "formatVersion is 2"],
    ["a tagformer.json without version", "tagformer.json", "{}", "formatVersion is missing"],
    ["a config.json that is not JSON", "config.json", "{'a': 1}", "config.json is not valid JSON"],
    ["a config.json that is a list", "config.json", "[]", "holds an array"],
    ["a config.json that is null", "config.json", "null", "holds null"],
    ["a config.json that is a text", "config.json", '"bert"', "holds a string"],
    [
      "a config.json in UTF-16",
      "config.json",
      Buffer.from("\ufeff{}", "utf16le"),
      "is UTF-16; save it as UTF-8",
    ],
    ["a config.json in Latin-1", "config.json", Buffer.from('{"a":"\xe4"}', "latin1"), "not valid UTF-8"],
    ["a huge config.json", "config.json", " ".repeat(10e6 + 1), "10000001 bytes long"],
    ["no model_type", "config.json", "{}", "model_type is missing"],
    ["a model_type that is a number", "config.json", '{"model_type":1}', "model_type is 1"],
  ])("refuses %s", async (_, name, content, problem) => {
    writeFileSync(join(directory, name), content);
    await expect(readModelDirectory(directory)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
  });

  it("names what is missing or of the wrong kind", async () => {
    const path = join(directory, "model");
    await expect(readModelDirectory(path)).rejects.toMatchObject({ code: "IO" });
    await expect(readModelDirectory(join(directory, "config.json"))).rejects.toThrow("is a file");
    mkdirSync(path);
    await expect(readModelDirectory(path)).rejects.toThrow("config.json does not exist");
    mkdirSync(join(path, "config.json"));
    await expect(readModelConfig(join(path, "config.json"))).rejects.toThrow("not a regular file");
  });

  it("says where the model lies after an interrupted save", async () => {
    mkdirSync(join(directory, ".model.replaced"));
    const path = join(directory, "model");
    await expect(readModelDirectory(path)).rejects.toThrow(`rename that to ${path}`);
  });
});

describe("hasLabels", () => {
  it("is true for the same labels in the same order", async () => {
    expect(hasLabels(await readModelDirectory(directory), ["x", "y"])).toBe(true);
  });

  it.each([[["y", "x"]], [["x"]], [["x", "y", "z"]], [["x", "z"]]])("is false for %j", async (labels) => {
    expect(hasLabels(await readModelDirectory(directory), labels)).toBe(false);
  });

  it("is false for labels without names", async () => {
    writeJson(join(directory, "config.json"), { model_type: "bert" });
    expect(hasLabels(await readModelDirectory(directory), ["LABEL_0", "LABEL_1"])).toBe(false);
  });
});
