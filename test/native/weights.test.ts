// Weights from files: which names and element types are taken, and what is wrong with the others.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import type { Precision, TensorSource } from "../../src/native/types.js";
import { batchOf, freshModel, weightsOf } from "./tiny-bert.js";

const folder = mkdtempSync(join(tmpdir(), "tagformer-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const batch = batchOf(9);
let tensors: readonly TensorSource[];
let logits: Float32Array;
beforeAll(async () => {
  await using model = await freshModel({ seed: 7 });
  const file = join(folder, "model.safetensors");
  await model.save(file);
  tensors = await readSafetensors(file);
  logits = await model.predict(batch);
});

const load = (sources: readonly TensorSource[], precision: Precision = "fp32") =>
  freshModel({ tensors: sources, precision });
const find = (name: string) => tensors.find((tensor) => tensor.name === name)!;
const without = (...names: string[]) => tensors.filter(({ name }) => !names.includes(name));
const dense = "bert.encoder.layer.1.intermediate.dense.weight";

describe("weights are taken", () => {
  it.each<[string, (name: string) => string]>([
    ["under their own names", (name) => name],
    ["without the model's prefix", (name) => name.replace(/^bert\./, "")],
    [
      "with TensorFlow's names of LayerNorm",
      (name) =>
        name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta"),
    ],
  ])("%s", async (_, rename) => {
    await using model = await load(tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) })));
    expect(model.info).toMatchObject({ initialised: [], ignored: [] });
    expect(await model.predict(batch)).toEqual(logits);
  });

  it("from among others, which are named", async () => {
    const others = [
      { ...find(dense), name: "cls.predictions.transform.dense.weight" },
      { ...find(dense), name: "bert.embeddings.position_ids", dtype: "I64" },
    ];
    await using model = await load([...others, ...tensors]);
    expect(model.info.ignored).toEqual(others.map(({ name }) => name));
    expect(await model.predict(batch)).toEqual(logits);
  });

  it("without a head, which is made from the seed", async () => {
    const sources = without("classifier.weight", "classifier.bias");
    const heads = [];
    for (const seed of [3, 3, 4]) {
      await using model = await freshModel({ tensors: sources, seed });
      expect([...model.info.initialised].sort()).toEqual(["classifier.bias", "classifier.weight"]);
      const weights = await weightsOf(model);
      expect(weights.get("classifier.bias")!.every((value) => value === 0)).toBe(true);
      heads.push(weights.get("classifier.weight")!);
    }
    expect(heads[1]).toEqual(heads[0]);
    expect(heads[2]).not.toEqual(heads[0]);
  });

  /** 0.5, -1.25 and 3, which every type holds exactly. */
  it.each<[string, string]>([
    ["F32", "0000003f 0000a0bf 00004040"],
    ["F16", "0038 00bd 0042"],
    ["BF16", "003f a0bf 4040"],
    ["F64", "000000000000e03f 000000000000f4bf 0000000000000840"],
  ])("as %s", async (dtype, hex) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const file = join(folder, dtype);
    writeFileSync(file, bytes);
    const bias = { ...find("classifier.bias"), dtype, file, begin: 0, end: bytes.length };
    await using model = await load([...without(bias.name), bias]);
    expect(Array.from(await model.parameter(bias.name))).toEqual([0.5, -1.25, 3]);
  });

  // In these precisions a matrix is packed while it is read, panel by panel, and some panels are of two tensors.
  describe.each(["bf16", "int8"] as const)("in %s", (precision) => {
    it("as the model has them that they were made for", async () => {
      await using fresh = await freshModel({ seed: 7, precision });
      await using model = await load(tensors, precision);
      expect(await model.predict(batch)).toEqual(await fresh.predict(batch));
    });

    it("as BF16, rounded as they would be when they are loaded", async () => {
      const names = [dense, "bert.encoder.layer.0.attention.self.key.weight"];
      const sources = names.map((name, i) => {
        const { file, begin, end } = find(name);
        const bytes = roundedToBf16(readFileSync(file).subarray(begin, end));
        const rounded = join(folder, `rounded-${i}`);
        writeFileSync(rounded, bytes);
        return { ...find(name), dtype: "BF16", file: rounded, begin: 0, end: bytes.length };
      });
      await using exact = await load(tensors, precision);
      await using model = await load([...without(...names), ...sources], precision);
      expect(await model.predict(batch)).toEqual(await exact.predict(batch));
    });
  });
});

/** Little-endian fp32 as bf16, to nearest and ties to even. */
function roundedToBf16(numbers: Buffer): Buffer {
  const bytes = Buffer.alloc(numbers.length / 2);
  for (let at = 0; at < numbers.length; at += 4) {
    const bits = numbers.readUInt32LE(at);
    bytes.writeUInt16LE(((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff, at / 2);
  }
  return bytes;
}

describe("weights are refused", () => {
  const norm = "bert.embeddings.LayerNorm.bias";
  it.each<[string, () => readonly TensorSource[], readonly string[]]>([
    [
      "that are missing",
      () => without(dense, norm),
      [`${dense} [100, 48] is missing`, `${norm} [48] is missing`],
    ],
    [
      "that are transposed",
      () => [...without(dense), { ...find(dense), shape: [48, 100] }],
      [`${dense} has shape [48, 100]; expected [100, 48]`],
    ],
    [
      "that are there twice",
      () => [...tensors, { ...find(norm), name: "embeddings.LayerNorm.beta" }],
      ["embeddings.LayerNorm.beta is there twice, under two names"],
    ],
    [
      "of integers",
      () => [...without(dense), { ...find(dense), dtype: "I32" }],
      [`tensor ${dense}`, "element type I32; expected F32, F16, BF16 or F64"],
    ],
  ])("%s, each by its name", async (_, sources, problems) => {
    const error = (await load(sources()).catch((error: unknown) => error)) as Error;
    expect(error).toMatchObject({ name: "TagformerError", code: "INVALID_MODEL" });
    for (const problem of problems) expect(error.message).toContain(problem);
  });

  it.each(["fp32", "bf16", "int8"] as const)(
    "whose file is cut after its header was read, in %s",
    async (precision) => {
      const file = join(folder, "cut.safetensors");
      await using model = await freshModel();
      await model.save(file);
      const sources = await readSafetensors(file);
      truncateSync(file, find(dense).begin);
      await expect(load(sources, precision)).rejects.toMatchObject({
        code: "INVALID_MODEL",
        message: expect.stringMatching(/cut\.safetensors ended early: it was cut while it was being read/),
      });
    },
  );

  it("whose file is gone", async () => {
    const sources = tensors.map((tensor) => ({ ...tensor, file: join(folder, "none") }));
    await expect(load(sources)).rejects.toMatchObject({ code: "IO" });
  });
});
