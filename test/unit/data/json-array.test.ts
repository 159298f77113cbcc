import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonElements } from "../../../src/data/json-array.js";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const messageOf = async (content: string | Uint8Array) => {
  const error = await errorOf(() => readDataset(fileOf("t.json", content)));
  expect(error.code).toBe("INVALID_DATA");
  return error.message.replace(/.*t\.json/, "t.json");
};

describe("a table in a .json file", () => {
  it("is an array of objects, whose rows are counted", async () => {
    const content = JSON.stringify([
      { id: "x", text: 'brackets ]}, "quotes" and \\', a: 1 },
      { id: "y", text: "two", a: 0 },
    ]);
    for (const file of [fileOf("t.json", `\ufeff ${content}\n`), fileOf("t.json.gz", gzipSync(content))]) {
      const { dataset, columns } = await readDataset(file);
      expect(columns).toEqual({ text: "text", id: "id", unused: [] });
      expect([...dataset.texts]).toEqual(['brackets ]}, "quotes" and \\', "two"]);
      expect([...dataset.labels]).toEqual([1, 0]);
      expect(dataset).toMatchObject({ lines: Int32Array.of(1, 2), lineUnit: "row" });
    }
  });

  it("gives NaN, as Python writes it, as a missing value", async () => {
    const { dataset } = await readDataset(
      fileOf("t.json", '[{"text":"NaN","a":NaN,"b":1},{"text":"x","a":1,"b":0}]'),
    );
    expect([...dataset.labels]).toEqual([Number.NaN, 1, 1, 0]);
    expect(dataset.texts.at(0)).toBe("NaN");
  });

  it("is read as JSON Lines when it begins with an object", async () => {
    const { dataset } = await readDataset(fileOf("t.json", '\n{"text":"x","a":1}\n{"text":"y","a":0}\n'));
    expect(dataset).toMatchObject({ lines: Int32Array.of(2, 3) });
    expect(dataset.lineUnit).toBeUndefined();
  });

  it("names the row of what cannot be used, and leaves it out when told to", async () => {
    const content = '[{"text":"x","a":1},\n{"text":5,"a":1},\n7,{"text":"y","a":0}]';
    expect(await messageOf(content)).toBe(
      't.json, row 3: holds 7; expected an object, such as {"text": "..."}',
    );
    const { dataset, skipped } = await readDataset(fileOf("t.json", content), { onBadRow: "skip" });
    expect([...dataset.lines!]).toEqual([1, 4]);
    expect(skipped).toMatchObject([
      { line: 3, unit: "row" },
      { line: 2, unit: "row", reason: expect.stringMatching(/column "text" holds 5; expected a string/) },
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["is empty", "", /^t\.json: is empty; expected an array of objects/],
    ["has no rows", " [ ] ", /^t\.json has no rows/],
    ["is no array", '"text"', /^t\.json: is not an array of objects/],
    [
      "is cut off",
      '[{"text":"x","a":1},\n{"text":"y',
      /^t\.json: row 2, on line 2: the file ends here without the closing \]/,
    ],
    ["is cut off between rows", '[{"text":"x","a":1},\n', /^t\.json: row 2, .*the file ends here/],
    ["has a comma too many", '[{"text":"x","a":1},]', /row 2, on line 1: expected an object before/],
    ["lacks a comma", '[{"text":"x","a":1}\n{"text":"y","a":1}]', /row 1, on line 1: is not valid JSON/],
    ["has a quote too many", '[{"text":"x"y","a":1},\n{"text":"y","a":1}]', /row 1, on line 1:/],
    ["goes on", '[{"text":"x","a":1}]\n[]', /^t\.json: goes on behind its array, on line 2;/],
    ["has two arrays inside one", "[[1],[2]]", /row 1: holds \[1\]; expected an object/],
    ["is not UTF-8", "[\xff]", /byte 2, on line 1, is not valid UTF-8/],
  ])("that %s is refused", async (_, content, message) => {
    expect(await messageOf(Buffer.from(content, "latin1"))).toMatch(message);
  });

  it("whose bracket is never closed is refused before it fills the memory", async () => {
    const chunk = Buffer.alloc(2 ** 20, "x");
    let chunks = 0;
    async function* bytes() {
      yield Buffer.from('[{"text":"');
      for (; ; chunks++) yield chunk;
    }
    const elements = readJsonElements({ name: "t.json", bytes }, {});
    expect((await errorOf(() => elements.next())).message).toMatch(/row 1, on line 1: is longer than 16 MiB/);
    expect(chunks).toBeLessThan(18);
  });

  it("gives every element as it was written, however the bytes are cut", async () => {
    const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (values, size, pretty) => {
        const content = Buffer.from(JSON.stringify(values, null, pretty ? 1 : 0));
        async function* bytes() {
          for (let i = 0; i < content.length; i += size) yield content.subarray(i, i + size);
        }
        const found: unknown[] = [];
        for await (const { row, text } of readJsonElements({ name: "t", bytes }, {})) {
          found.push(JSON.parse(text));
          expect(row).toBe(found.length);
        }
        expect(found).toEqual(JSON.parse(content.toString()));
      }),
    );
  });

  it("streams its texts", async () => {
    const content = JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ text: `text ${i}` })));
    const chunks = [];
    for await (const chunk of readTexts(fileOf("t.json", content))) chunks.push(chunk);
    expect(chunks.map(({ length }) => length)).toEqual([1024, 1024, 952]);
    expect(chunks[2]![951]).toEqual({ id: "3000", text: "text 2999", line: 3000 });
  });
});
