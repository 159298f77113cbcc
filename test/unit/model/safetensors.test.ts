import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { readSafetensors } from "../../../src/model/safetensors.js";
import { safetensors, temporaryDirectory } from "./files.js";

async function read(bytes: Buffer) {
  const file = join(temporaryDirectory(), "model.safetensors");
  writeFileSync(file, bytes);
  return readSafetensors(file);
}

const one = { dtype: "F32", shape: [2], data_offsets: [0, 8] };

describe("readSafetensors", () => {
  it("gives positions in the file, in the order of the bytes", async () => {
    const header = {
      __metadata__: { format: "pt" },
      second: { dtype: "BF16", shape: [3, 1], data_offsets: [8, 14] },
      first: one,
    };
    const bytes = safetensors(header, 14);
    const begin = bytes.length - 14;
    expect(await read(bytes)).toEqual([
      expect.objectContaining({ name: "first", dtype: "F32", shape: [2], begin, end: begin + 8 }),
      expect.objectContaining({
        name: "second",
        dtype: "BF16",
        shape: [3, 1],
        begin: begin + 8,
        end: begin + 14,
      }),
    ]);
  });

  it.each([
    ["no tensors", {}, 0, 0],
    ["a scalar", { a: { dtype: "I64", shape: [], data_offsets: [0, 8] } }, 8, 1],
    [
      "empty tensors between others",
      { b: one, a: { dtype: "F32", shape: [0, 9], data_offsets: [8, 8] } },
      8,
      2,
    ],
    ["two four-bit numbers", { a: { dtype: "F4", shape: [2], data_offsets: [0, 1] } }, 1, 1],
    ["a name of Object.prototype", `{"__proto__":${JSON.stringify(one)}}`, 8, 1],
    ["blanks around the header", `  ${JSON.stringify({ a: one })}   `, 8, 1],
    ["colons, braces and quotes in names", { 'a":{"b\\': one }, 8, 1],
  ])("accepts %s", async (_, header, dataBytes, count) => {
    expect(await read(safetensors(header, dataBytes))).toHaveLength(count);
  });

  const entry = (change: object) => ({ a: { ...one, ...change } });
  it.each<[string, object | string, number, string]>([
    ["a header that is not JSON", "{", 8, "not valid JSON"],
    ["a header that is no object", "[]", 8, "an array"],
    ["deeply nested JSON", `{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}`, 8, "exactly dtype"],
    ["a duplicate name", `{"a":${JSON.stringify(one)},"a":${JSON.stringify(one)}}`, 8, "a key twice"],
    [
      "a name twice, once escaped",
      `{"a":${JSON.stringify(one)},"\\u0061":${JSON.stringify(one)}}`,
      8,
      "twice",
    ],
    ["a duplicate field", '{"a":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8, "twice"],
    ["an unknown field", entry({ extra: 1 }), 8, "exactly dtype"],
    ["a tensor that is no object", { a: null }, 8, "exactly dtype"],
    ["metadata that are not strings", { __metadata__: { format: 1 }, a: one }, 8, "strings to strings"],
    ["metadata that are a list", { __metadata__: ["pt"], a: one }, 8, "strings to strings"],
    ["an unknown dtype", entry({ dtype: "F128" }), 8, 'unknown dtype "F128"'],
    ["a dtype that is no string", entry({ dtype: ["F32"] }), 8, "unknown dtype"],
    ["a negative size", entry({ shape: [-2] }), 8, "whole numbers"],
    ["a broken size", entry({ shape: [2.5] }), 8, "whole numbers"],
    ["a size beyond 2^32", entry({ shape: [2 ** 32 + 1] }), 8, "whole numbers"],
    ["a shape that overflows", entry({ shape: [2 ** 32, 2 ** 32] }), 8, "impossible shape"],
    ["a million sizes", entry({ shape: new Array(1e6).fill(2 ** 32) }), 8, "impossible shape"],
    ["offsets that are no pair", entry({ data_offsets: [0, 4, 8] }), 8, "[begin, end]"],
    ["offsets beyond 2^53", entry({ data_offsets: [0, 2 ** 54] }), 8, "[begin, end]"],
    ["an end before its begin", entry({ data_offsets: [8, 0] }), 8, "[begin, end]"],
    ["a size other than the shape's", entry({ shape: [3] }), 8, "takes 12"],
    ["half a byte", { a: { dtype: "F4", shape: [3], data_offsets: [0, 2] } }, 2, "byte boundary"],
    ["a hole at the start", entry({ data_offsets: [4, 12] }), 12, "starts at data byte 4"],
    ["a hole", { a: one, b: { ...one, data_offsets: [12, 20] } }, 20, "ends at 8"],
    ["an overlap", { a: one, b: { ...one, data_offsets: [4, 12] } }, 12, "ends at 8"],
    ["bytes behind the end", { a: one }, 9, "1 bytes too many"],
    ["a file cut off", { a: one }, 7, "1 bytes are missing"],
  ])("refuses %s", async (_, header, dataBytes, problem) => {
    const reading = read(safetensors(header, dataBytes));
    await expect(reading).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
  });

  it.each([
    ["an empty file", Buffer.alloc(0), "too few"],
    ["seven bytes", Buffer.alloc(7), "too few"],
    ["a header of 2^64 - 1 bytes", Buffer.alloc(100, 0xff), "past the end"],
    ["a header that is not UTF-8", safetensors("{}", 0).fill(0xff, 8), "not UTF-8"],
    ["a huge header", safetensors(" ".repeat(25_000_001), 0), "more than the allowed"],
  ])("refuses %s", async (_, bytes, problem) => {
    await expect(read(bytes)).rejects.toThrow(problem);
  });

  it("names a missing file and refuses a directory", async () => {
    const directory = temporaryDirectory();
    await expect(readSafetensors(join(directory, "none"))).rejects.toMatchObject({ code: "IO" });
    mkdirSync(join(directory, "sub"));
    await expect(readSafetensors(join(directory, "sub"))).rejects.toThrow("not a regular file");
  });

  it("reads hundreds of thousands of empty tensors", async () => {
    const header = Object.fromEntries(
      Array.from({ length: 300_000 }, (_, i) => [
        `t${i}`,
        { dtype: "F32", shape: [0], data_offsets: [0, 0] },
      ]),
    );
    expect(await read(safetensors(header, 0))).toHaveLength(300_000);
  });

  it("reads or refuses any damaged file, and never breaks", async () => {
    const header = { __metadata__: { format: "pt" }, a: one, b: { ...one, data_offsets: [8, 16] } };
    const file = join(temporaryDirectory(), "model.safetensors");
    const whole = safetensors(header, 16);
    const change = fc.record({ position: fc.nat(whole.length - 1), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.nat(20), async (changes, cut) => {
        const bytes = Buffer.from(whole.subarray(0, whole.length - cut));
        for (const { position, value } of changes) if (position < bytes.length) bytes[position] = value;
        writeFileSync(file, bytes);
        const tensors = await readSafetensors(file).catch((error: unknown) => {
          expect(error).toBeInstanceOf(TagformerError);
          return [];
        });
        for (const { begin, end } of tensors) {
          expect(begin).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 500 },
    );
  });
});
