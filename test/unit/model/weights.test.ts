import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { readWeights } from "../../../src/model/weights.js";
import { temporaryDirectory, writeJson, writeTensors } from "./files.js";

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});

const index = "model.safetensors.index.json";
const writeIndex = (weight_map: unknown) => writeJson(join(directory, index), { metadata: {}, weight_map });
const names = async () => (await readWeights(directory)).map(({ name }) => name);

describe("readWeights", () => {
  it("reads a single file, and prefers it to an index", async () => {
    writeTensors(join(directory, "model.safetensors"), ["a", "b"]);
    writeIndex({ a: "missing.safetensors" });
    expect(await names()).toEqual(["a", "b"]);
  });

  it("reads shards, each tensor from its own file", async () => {
    writeTensors(join(directory, "model-00001-of-00002.safetensors"), ["a", "c"]);
    writeTensors(join(directory, "model-00002-of-00002.safetensors"), ["b"]);
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    writeIndex({ a: first, b: second, c: first });
    const files = (await readWeights(directory)).map(({ name, file }) => [name, file]);
    expect(files).toEqual([
      ["a", join(directory, first!)],
      ["c", join(directory, first!)],
      ["b", join(directory, second!)],
    ]);
  });

  it.each([
    "../x.safetensors",
    "/etc/x.safetensors",
    "sub/x.safetensors",
    "..\\x.safetensors",
    "C:x.safetensors",
    "file://x.safetensors",
    "..safetensors",
    ".safetensors",
    "x.bin",
    "x.safetensors\n",
    "",
    7,
    null,
  ])("refuses the shard name %j", async (shard) => {
    writeIndex({ a: shard });
    await expect(names()).rejects.toThrow("unsafe shard name");
  });

  it("refuses an index whose shards hold other tensors", async () => {
    writeTensors(join(directory, "x.safetensors"), ["a", "b"]);
    writeTensors(join(directory, "y.safetensors"), ["c"]);
    writeIndex({ a: "x.safetensors", c: "y.safetensors" });
    await expect(names()).rejects.toThrow("x.safetensors holds b");
    writeIndex({ a: "x.safetensors", b: "y.safetensors" });
    await expect(names()).rejects.toThrow("x.safetensors holds b");
    writeIndex({ a: "x.safetensors", b: "x.safetensors", c: "y.safetensors", d: "y.safetensors" });
    await expect(names()).rejects.toThrow("y.safetensors lacks d");
  });

  it("refuses a missing shard, too many shards and no map", async () => {
    writeIndex({ a: "x.safetensors" });
    await expect(names()).rejects.toThrow("lists x.safetensors, which is missing");
    writeIndex(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `s${i}.safetensors`])));
    await expect(names()).rejects.toThrow("lists 10001 shards");
    writeIndex(["x.safetensors"]);
    await expect(names()).rejects.toThrow("no weight_map");
  });

  it("says what to do without weights", async () => {
    await expect(names()).rejects.toThrow("has no model.safetensors");
    writeFileSync(join(directory, "pytorch_model.bin"), "");
    await expect(names()).rejects.toThrow("save_pretrained");
  });
});
