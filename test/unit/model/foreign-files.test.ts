// What stands where a model's files are expected: pointers of Git LFS, and the files of other tools.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { readModelDirectory } from "../../../src/model/directory.js";
import { checkTorchScriptFile } from "../../../src/model/torchscript/check.js";
import { readTokenizerFiles } from "../../../src/text/tokenizer-files.js";
import { temporaryDirectory, writeJson, writeTensors } from "./files.js";

const oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize 12345\n`;

let directory: string;
const write = (file: string, content: string | Buffer) => writeFileSync(join(directory, file), content);
beforeEach(() => {
  directory = temporaryDirectory();
  writeJson(join(directory, "config.json"), { model_type: "bert" });
  writeTensors(join(directory, "model.safetensors"), ["bert.a"]);
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
});

describe("a Git LFS pointer", () => {
  const isNamed = (file: string) => ({
    code: "INVALID_MODEL",
    message: expect.stringMatching(
      new RegExp(`${file} is a Git LFS pointer, not the file itself, which has 12345 bytes; .*git lfs pull`),
    ),
  });

  it.each(["config.json", "model.safetensors", "tagformer.json"])("is named: %s", async (file) => {
    write(file, pointer);
    await expect(readModelDirectory(directory)).rejects.toMatchObject(isNamed(file));
  });

  it("is named among shards, and as their index", async () => {
    const index = { weight_map: { "bert.a": "part.safetensors" } };
    const sharded = temporaryDirectory();
    writeJson(join(sharded, "config.json"), { model_type: "bert" });
    writeJson(join(sharded, "model.safetensors.index.json"), index);
    writeFileSync(join(sharded, "part.safetensors"), pointer);
    await expect(readModelDirectory(sharded)).rejects.toMatchObject(isNamed("part.safetensors"));
    writeFileSync(join(sharded, "model.safetensors.index.json"), pointer);
    await expect(readModelDirectory(sharded)).rejects.toMatchObject(isNamed("index.json"));
  });

  it.each([
    ["vocab.txt", "bert"],
    ["tokenizer.json", "bert"],
    ["tokenizer_config.json", "bert"],
    ["vocab.json", "roberta"],
  ])("is named: %s", async (file, modelType) => {
    write(file, pointer);
    await expect(readTokenizerFiles({ directory, modelType })).rejects.toMatchObject(isNamed(file));
  });

  it("is named: a TorchScript file", async () => {
    write("model.pt", pointer);
    await expect(checkTorchScriptFile(join(directory, "model.pt"))).rejects.toThrow(
      /model.pt: it is a Git LFS pointer/,
    );
  });
});

describe("a directory without model.safetensors", () => {
  it.each([
    ["adapter_model.safetensors", /an adapter \(PEFT: adapter_model.safetensors\).*merge_and_unload/],
    ["pytorch_model.bin", /pytorch_model.bin, a Python pickle/],
    ["pytorch_model-00001-of-00002.bin", /a Python pickle/],
    ["tf_model.h5", /tf_model.h5, of TensorFlow.*from_tf=True/],
    ["model.ckpt.index", /of TensorFlow/],
    ["flax_model.msgpack", /of Flax.*from_flax=True/],
    ["model.onnx", /model.onnx, of ONNX/],
    ["bert-Q4_K_M.gguf", /bert-Q4_K_M.gguf, for llama.cpp/],
    ["openvino_model.xml", /of OpenVINO/],
    ["rust_model.ot", /of rust-bert/],
    ["last.ckpt", /last.ckpt, a checkpoint of PyTorch Lightning/],
    ["model.pt", /--trust/],
  ])("with %s is called what it is", async (file, says) => {
    const other = temporaryDirectory();
    writeFileSync(join(other, file), "x");
    // With a config.json, and without one.
    await expect(readModelDirectory(other)).rejects.toThrow(says);
    writeJson(join(other, "config.json"), { model_type: "bert" });
    await expect(readModelDirectory(other)).rejects.toThrow(says);
  });

  it("names what lies in a folder", async () => {
    const [onnx, runs, sentences] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    mkdirSync(join(onnx, "onnx"));
    writeFileSync(join(onnx, "onnx", "model.onnx"), "x");
    await expect(readModelDirectory(onnx)).rejects.toThrow("onnx/model.onnx, of ONNX");
    for (const step of [500, 1000, 90]) mkdirSync(join(runs, `checkpoint-${step}`));
    await expect(readModelDirectory(runs)).rejects.toThrow(/did you mean .*checkpoint-1000\?/);
    mkdirSync(join(sentences, "0_Transformer"));
    writeJson(join(sentences, "modules.json"), []);
    await expect(readModelDirectory(sentences)).rejects.toThrow(/sentence-transformers.*0_Transformer/);
  });
});

it("takes a config.json with a byte order mark", async () => {
  write("config.json", '\ufeff{"model_type": "bert"}');
  expect((await readModelDirectory(directory)).modelType).toBe("bert");
});
