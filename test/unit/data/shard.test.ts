import { Readable } from "node:stream";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import type { ReadTextsOptions } from "../../../src/data/options.js";
import { readTexts } from "../../../src/data/read.js";
import type { TableStream } from "../../../src/data/source.js";
import { errorOf, fileOf } from "./files.js";

async function textsOf(input: string | TableStream, options: ReadTextsOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const chunk of readTexts(input, options))
    for (const { id, text } of chunk) found.push(`${id}:${text}`);
  return found;
}

const count = 2500; // more than a chunk
const names = Array.from({ length: count }, (_, i) => `text ${i + 1}`);
const whole = names.map((name, i) => `${i + 1}:${name}`);

function parquet(rowGroupSize: number): string {
  const bytes = parquetWriteBuffer({
    columnData: [{ name: "text", data: names, type: "STRING" }],
    rowGroupSize,
  });
  return fileOf("t.parquet", new Uint8Array(bytes));
}

const inputs: Record<string, () => string | TableStream> = {
  csv: () => fileOf("t.csv", `text\n${names.join("\n")}\n`),
  txt: () => fileOf("t.txt", `${names.join("\n")}\n`),
  json: () => fileOf("t.json", JSON.stringify(names.map((text) => ({ text })))),
  "Parquet with a row group": () => parquet(count),
  "Parquet with many row groups": () => parquet(100),
};

describe("a shard", () => {
  it.each(Object.keys(inputs))("of %s: all shards together are the table, each row once", async (name) => {
    const input = inputs[name]!();
    const parts = await Promise.all([0, 1, 2].map((index) => textsOf(input, { shard: { index, count: 3 } })));
    for (const part of parts) expect(part.length).toBeGreaterThan(700);
    const number = (row: string) => Number.parseInt(row, 10);
    expect(parts.flat().sort((a, b) => number(a) - number(b))).toEqual(whole);
    for (const part of parts) expect(part).toEqual([...part].sort((a, b) => number(a) - number(b)));
  });

  it("of lines holds each n-th row", async () => {
    const input = fileOf("t.csv", "text\na\nb\nc\nd\ne\n");
    expect(await textsOf(input, { shard: { index: 1, count: 2 } })).toEqual(["2:b", "4:d"]);
    expect(await textsOf(input, { shard: { index: 6, count: 7 } })).toEqual([]);
  });

  it("of a stream of Parquet holds each n-th row", async () => {
    const bytes = parquetWriteBuffer({
      columnData: [{ name: "text", data: ["a", "b", "c"], type: "STRING" }],
    });
    const found = await textsOf(Readable.from([new Uint8Array(bytes)]), {
      format: "parquet",
      shard: { index: 0, count: 2 },
    });
    expect(found).toEqual(["1:a", "3:c"]);
  });

  it("of Parquet reads no row group of another shard behind the first rows, by which columns are found", async () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `text ${i + 1}`);
    const columnData = [{ name: "text", data: texts, type: "STRING" as const }];
    const damaged = Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 1000 }));
    const place = damaged.indexOf("text 14001");
    damaged.fill(0xff, place, place + 60); // the fifteenth group, of the third shard
    const file = fileOf("t.parquet", new Uint8Array(damaged));
    expect(await textsOf(file, { shard: { index: 0, count: 3 } })).toHaveLength(7000);
    await expect(textsOf(file, { shard: { index: 2, count: 3 } })).rejects.toThrow(/row group 15/);
  });

  it("finds its columns in the first rows of the table, whatever it holds itself", async () => {
    const rows = ["key,text,x", "k1,one,1", "k2,two,1", "k3,three,0"].join("\n");
    const sharded = await textsOf(fileOf("t.csv", rows), { id: "key", shard: { index: 2, count: 3 } });
    expect(sharded).toEqual(["k3:three"]);
  });

  it.each([
    [{ index: 3, count: 3 }, /index from 0 to count - 1/],
    [{ index: -1, count: 3 }, /shard/],
    [{ index: 0, count: 0 }, /shard/],
    [{ index: 0.5, count: 2 }, /shard/],
    ["1/2", /shard/],
  ])("%j is refused", async (shard, message) => {
    const reading = textsOf(fileOf("t.csv", "text\na\n"), {
      shard: shard as { index: number; count: number },
    });
    expect(await errorOf(() => reading)).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(message),
    });
  });
});
