import { createReadStream, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it, vi } from "vitest";
import { BadRows } from "../../../src/data/bad-rows.js";
import { ParquetFile } from "../../../src/data/parquet/file.js";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { readRows } from "../../../src/data/rows.js";
import { tableSource } from "../../../src/data/source.js";
import { errorOf, fileOf } from "./files.js";

/** Written by pyarrow and pandas; see make.py there. */
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/parquet/${name}`, import.meta.url));
const expectedRows = JSON.parse(readFileSync(fixture("types.json"), "utf8")) as Record<string, unknown>[];

async function rowsOf(file: string) {
  const rows: Record<string, unknown>[] = [];
  for await (const { line, unit, cells } of readRows(tableSource(file), new BadRows("error"))) {
    expect([unit, line]).toEqual(["row", rows.length + 1]);
    rows.push(Object.fromEntries(cells));
  }
  return rows;
}

const write = (columnData: ColumnSource[], options: object = {}, name = "t.parquet") =>
  fileOf(name, new Uint8Array(parquetWriteBuffer({ columnData, ...options })));

describe("Parquet as pyarrow writes it", () => {
  it.each(["types", "v2", "old", "encodings"])(
    "has the cells that Python has, in %s.parquet",
    async (name) => {
      const rows = await rowsOf(fixture(`${name}.parquet`));
      const columns = Object.keys(expectedRows[0]!);
      expect(rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])))).toEqual(
        expectedRows,
      );
    },
  );

  it.each(["none", "snappy", "gzip", "brotli", "zstd", "lz4"])("is unpacked from %s", async (codec) => {
    const expected = expectedRows.map(({ text, tags, toxic }) => ({ text, tags, toxic }));
    expect(await rowsOf(fixture(`${codec}.parquet`))).toEqual(expected);
  });

  it("has decimals as digits, dates as ISO 8601, and says what is no text", async () => {
    const rows = await rowsOf(fixture("types.parquet"));
    const column = (name: string) => rows.map((row) => row[name]);
    expect(column("price")).toEqual(["1.50", "-0.05", null, "0.00", "12345678901234567.89"]);
    expect(column("whole")).toEqual(["12345678901234567890", null, -1, 0, 7]);
    expect(column("day").map((day) => day && String(day).slice(0, 10))).toEqual([
      "2026-11-29",
      null,
      "1969-12-31",
      "0001-01-01",
      "9999-12-31",
    ]);
    expect(column("microsecond")[3]).toBe("2025-11-29T12:00:00.123Z");
    expect(column("nanosecond")[3]).toBe("2025-11-29T12:00:00.123Z");
    expect((await rowsOf(fixture("old.parquet")))[3]!.nanosecond).toBe("2025-11-29T12:00:00.123Z");
    expect(String(column("binary")[0])).toBe("(binary data, 2 bytes)");
    expect(column("binary").slice(1)).toEqual(["text", null, "", "\0"]);
    expect(column("uuid")[3]).toBe("00000000-0000-0000-0000-000000000003");
    expect(column("nothing")).toEqual([null, null, null, null, null]);
    expect(column("map")).toEqual([{ x: 1 }, {}, null, { y: 2, z: 3 }, { x: 0 }]);
  });

  it("has lists that begin in one page and end in the next", async () => {
    const rows = await rowsOf(fixture("pages.parquet"));
    expect(rows).toEqual(
      Array.from({ length: 600 }, (_, i) => ({
        text: `text ${i} ${"x".repeat(i % 97)}`,
        labels: Array.from({ length: i % 4 }, (_, j) => `label ${j}`),
        toxic: i % 2,
      })),
    );
  });

  it("is read as a dataset from a data frame, a stream, and packed with gzip", async () => {
    const file = fixture("pandas.parquet");
    const packed = fileOf("pandas.parquet.gz", gzipSync(readFileSync(file)));
    for (const input of [file, packed, createReadStream(file)]) {
      const { dataset, columns } = await readDataset(input);
      expect(columns.text).toBe("comment_text");
      expect([...dataset.texts]).toEqual(["one", "two"]);
      expect(dataset.labelNames).toEqual(["toxic", "mild"]);
      expect([...dataset.labels]).toEqual([1, 0, 0, Number.NaN]);
    }
    const stream = createReadStream(packed);
    expect((await readDataset(stream, { format: "parquet" })).dataset.texts.at(1)).toBe("two");
  });
});

describe("a Parquet table", () => {
  const ids = [2n ** 60n, 2n ** 60n + 1n, 3n];
  const columns: ColumnSource[] = [
    { name: "id", data: ids, type: "INT64" },
    { name: "text", data: ["one", "two", "three"], type: "STRING" },
    { name: "toxic", data: [true, false, true], type: "BOOLEAN" },
    { name: "insult", data: [0, null, 1], type: "INT32" },
  ];

  it("gives the dataset that the same rows in JSON give, and the texts to predict", async () => {
    const file = write(columns, { rowGroupSize: 2 });
    const { dataset } = await readDataset(file);
    expect(dataset).toMatchObject({
      labelNames: ["toxic", "insult"],
      lines: Int32Array.of(1, 2, 3),
      lineUnit: "row",
    });
    expect([...dataset.ids!]).toEqual(ids.map(String));
    expect([...dataset.labels]).toEqual([1, 0, 0, Number.NaN, 1, 1]);
    const texts = [];
    for await (const chunk of readTexts(file)) texts.push(...chunk);
    expect(texts[2]).toEqual({ id: "3", text: "three", line: 3 });
  });

  it("gives its labels as lists or structs, and from a file of their own", async () => {
    expect(
      (await readDataset(fixture("pages.parquet"), { labelColumn: "labels" })).dataset.labelNames,
    ).toEqual(["label 0", "label 1", "label 2"]);
    const { dataset, droppedUnlabelled } = await readDataset(fixture("types.parquet"), {
      text: "text",
      labelColumn: "labels",
    });
    expect(dataset.labelNames).toEqual(["a", "b"]);
    expect([...dataset.labels]).toEqual([1, 0, Number.NaN, 0.5, 0.25, 1, 0, 0]);
    expect(droppedUnlabelled).toBe(1);
    const texts = fileOf("texts.csv", "id,text\n3,x\n1152921504606846977,y\n");
    const joined = await readDataset(texts, { labelFile: write(columns) });
    expect([...joined.dataset.labels]).toEqual([1, 1, 0, Number.NaN]);
  });

  it("names the row of a cell that cannot be used", async () => {
    const file = write([
      { name: "text", data: ["x", null, "z"], type: "STRING" },
      { name: "a", data: [1, 0, 1], type: "INT32" },
    ]);
    expect((await errorOf(() => readDataset(file))).message).toMatch(
      /t\.parquet, row 2: column "text" holds null; expected a string/,
    );
    const { dataset, skipped } = await readDataset(file, { onBadRow: "skip" });
    expect([...dataset.lines!]).toEqual([1, 3]);
    expect(skipped).toMatchObject([{ line: 2, unit: "row" }]);
    for (const [text, shown] of [
      ["binary", String.raw`"\(binary data, 2 bytes\)"`],
      ["structs", String.raw`\[\{"n":1\}\]`],
      ["toxic", "1"],
    ]) {
      expect(
        (await errorOf(() => readDataset(fixture("types.parquet"), { text: text!, labels: ["toxic"] })))
          .message,
      ).toMatch(new RegExp(`types.parquet, row 1: column "${text}" holds ${shown}; expected a string`));
    }
    const empty = write([{ name: "text", data: [], type: "STRING" }]);
    expect((await errorOf(() => readDataset(empty))).message).toMatch(/t\.parquet has no rows/);
  });

  it("with texts that are not UTF-8 is refused, or repaired and counted", async () => {
    const bytes = Buffer.from(readFileSync(fixture("none.parquet")));
    bytes[bytes.indexOf("five")] = 0xff;
    const file = fileOf("t.parquet", bytes);
    expect((await errorOf(() => readDataset(file, { labels: ["toxic"] }))).message).toMatch(
      /t\.parquet, row 5: column "text" holds a text that is not valid UTF-8; .*encodingErrors: replace/,
    );
    const repaired = await readDataset(file, { labels: ["toxic"], encodingErrors: "replace" });
    expect(repaired.dataset.texts.at(3)).toBe("\ufffdive");
    expect(repaired.replacedCharacters).toBe(1);
  });

  it("is read page by page, also in one row group", async () => {
    const text = "a text of some length, ".repeat(40);
    const count = 30_000;
    const file = write(
      [
        {
          name: "text",
          data: Array.from({ length: count }, (_, i) => `${i} ${text}`),
          type: "STRING",
          encoding: "PLAIN",
        },
        { name: "toxic", data: Int32Array.from({ length: count }, (_, i) => i % 2), type: "INT32" },
      ],
      { codec: "UNCOMPRESSED", rowGroupSize: count },
    );
    const whole = readFileSync(file).length;
    expect(whole).toBeGreaterThan(25e6);
    const read = vi.spyOn(ParquetFile.prototype, "read");
    let rows = 0;
    let most = 0;
    for await (const { line } of readRows(tableSource(file), new BadRows("error"))) {
      rows++;
      if (line % 100 > 0) continue;
      const bytes = read.mock.calls.reduce((sum, [, buffer]) => sum + buffer.length, 0);
      most = Math.max(most, bytes - rows * text.length);
    }
    expect(rows).toBe(count);
    // What was read ahead: a page, what is behind it in the last piece of the file, and the metadata.
    expect(most).toBeLessThan(3e6);
    read.mockRestore();
  });

  it("is closed when its reader stops or is stopped", async () => {
    const file = write(columns);
    const controller = new AbortController();
    const reading = readTexts(file, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(reading.next()).rejects.toThrow("enough");
    async function* endless() {
      for (;;) yield Buffer.alloc(1000);
    }
    const spooling = AbortSignal.timeout(50);
    await expect(readDataset(endless(), { format: "parquet", signal: spooling })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });
});

describe("a Parquet file that is none or damaged", () => {
  const whole = readFileSync(fixture("types.parquet"));
  const messageOf = async (bytes: Uint8Array) => {
    const error = await errorOf(() => rowsOf(fileOf("t.parquet", bytes)));
    expect(error.code).toBe("INVALID_DATA");
    return error.message.replace(/^.*t\.parquet/, "t.parquet");
  };
  const changed = (change: (bytes: Buffer) => unknown) => {
    const bytes = Buffer.from(whole);
    change(bytes);
    return bytes;
  };

  it("is refused with what is wrong", async () => {
    expect(await messageOf(Buffer.alloc(0))).toBe("t.parquet: is too short for a Parquet file");
    expect(await messageOf(Buffer.from("text,a\none,1\ntwo,0\n"))).toMatch(
      /: is not a Parquet file, which begins and ends with PAR1/,
    );
    expect(await messageOf(whole.subarray(0, whole.length / 2))).toMatch(
      /without its end; it was cut off, or is still being/,
    );
    expect(await messageOf(changed((bytes) => bytes.write("PARE", bytes.length - 4)))).toMatch(
      /is encrypted/,
    );
    expect(await messageOf(changed((bytes) => bytes.writeUInt32LE(2 ** 31, bytes.length - 8)))).toMatch(
      /is damaged: it says that its metadata has 2147483648 bytes/,
    );
    expect(
      await messageOf(changed((bytes) => bytes.fill(0xff, bytes.length - 500, bytes.length - 8))),
    ).toMatch(/is damaged: its metadata cannot be read/);
    expect(await messageOf(changed((bytes) => bytes.fill(0xff, 4, 400)))).toMatch(
      /column "id" cannot be read in row group 1, rows 1 to 2: .*the file is damaged/,
    );
    const twice: ColumnSource[] = [
      { name: "a", data: [1], type: "INT32" },
      { name: "a", data: [2], type: "INT32" },
    ];
    expect((await errorOf(() => readDataset(write(twice)))).message).toMatch(/has two columns named "a"/);
  });

  it("is noticed by its checksums", async () => {
    const bytes = Buffer.from(readFileSync(fixture("v2.parquet")));
    bytes[bytes.indexOf("three")]! ^= 1;
    expect(await messageOf(bytes)).toMatch(/column "text" cannot be read .*the checksum of a page is wrong/);
  });

  it("never ends in anything but an error for users, whatever byte is changed", {
    timeout: 600_000,
  }, async () => {
    let refused = 0;
    for (const name of [
      "types.parquet",
      "encodings.parquet",
      "pages.parquet",
      "zstd.parquet",
      "lz4.parquet",
    ]) {
      const original = readFileSync(fixture(name));
      for (let i = 0; i < 150; i++) {
        const bytes = Buffer.from(original);
        // Counted, not drawn: every run changes the same bytes.
        for (let k = 0; k <= i % 3; k++)
          bytes[(i * 7919 + k * 104_729 + i * i) % bytes.length] = (i * 31 + k * 77) % 256;
        try {
          await rowsOf(fileOf("t.parquet", bytes));
        } catch (error) {
          expect(error).toMatchObject({ name: "TagformerError", code: "INVALID_DATA" });
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
