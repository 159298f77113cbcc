import { gzipSync } from "node:zlib";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadRows, type OnBadRow } from "../../../src/data/bad-rows.js";
import { LineCounter, readUtf8 } from "../../../src/data/bytes.js";
import { readRows } from "../../../src/data/rows.js";
import { tableSource } from "../../../src/data/source.js";
import { errorOf, fileOf } from "./files.js";

async function rowsOf(file: string, mode: OnBadRow = "error", bad = new BadRows(mode)) {
  const rows: { line: number; [column: string]: unknown }[] = [];
  for await (const { line, cells } of readRows(tableSource(file), bad))
    rows.push({ ...Object.fromEntries(cells), line });
  return rows;
}

const messageFor = async (name: string, content: string | Uint8Array) => {
  const error = await errorOf(() => rowsOf(fileOf(name, content)));
  expect(error.code).toBe("INVALID_DATA");
  return error.message;
};

describe("readRows of CSV", () => {
  it("reads quotes, line breaks inside them, blank lines and the lines where rows start", async () => {
    const content = 'text,a\r\n"one\r\ntwo, ""three""\n\rfour",1\r\n\r\n\nplain,0\n" ",\n\n';
    expect(await rowsOf(fileOf("t.csv", content))).toEqual([
      { text: 'one\r\ntwo, "three"\n\rfour', a: "1", line: 2 },
      { text: "plain", a: "0", line: 8 },
      { text: " ", a: "", line: 9 },
    ]);
  });

  it.each(["\n", "\r\n", "\r"])("ends rows at %j", async (end) => {
    const content = ["text,a", "x,1", "y,0"].join(end);
    const expected = [
      { text: "x", a: "1", line: 2 },
      { text: "y", a: "0", line: 3 },
    ];
    expect(await rowsOf(fileOf("t.csv", content))).toEqual(expected);
    expect(await rowsOf(fileOf("t.csv", content + end))).toEqual(expected);
  });

  it("strips a byte order mark and white space around column names, and ignores columns without a name", async () => {
    expect(await rowsOf(fileOf("T.CSV", "\ufefftext , a,,\nx,1,7,8\n"))).toEqual([
      { text: "x", a: "1", line: 2 },
    ]);
  });

  it("says what a file is that is no text", async () => {
    expect(await messageFor("t.csv", Buffer.from("PAR1\x15\0\0\0"))).toMatch(
      /t\.csv: is a Parquet file; read it with the option format: parquet/,
    );
    expect(await messageFor("t.csv", gzipSync("text,a\nx,1\n"))).toMatch(
      /t\.csv: is packed with gzip; give it a name that ends in \.gz/,
    );
    expect(await messageFor("t.csv", Buffer.from("PK\x03\x04\x14\0"))).toMatch(
      /t\.csv: is a zip archive, as \.xlsx files are/,
    );
  });

  it("reads gzip", async () => {
    expect(await rowsOf(fileOf("t.csv.gz", gzipSync("text,a\nx,1\n")))).toEqual([
      { text: "x", a: "1", line: 2 },
    ]);
    const cut = gzipSync("text,a\nx,1\n").subarray(0, 20);
    expect(await messageFor("t.csv.gz", cut)).toMatch(/is not a whole gzip file/);
    expect(await messageFor("t.csv.gz", "text,a\n")).toMatch(/is not a whole gzip file/);
  });

  it("reads back whatever a writer wrote, with the right lines, however the file is cut into chunks", async () => {
    const cell = fc.stringMatching(/^[a,"\r\n é€😀]*$/u);
    const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom("\n", "\r\n"), fc.nat(100_000), async (cells, end, padding) => {
        const long = "x".repeat(padding);
        const header = `a,${long}\n`;
        const content = header + stringify(cells, { record_delimiter: end, quoted: true });
        const rows = await rowsOf(fileOf("t.csv", content));
        const breaks = (text: string) => text.match(/\r\n|\r|\n/g)?.length ?? 0;
        let line = 2;
        for (const [i, [a, b]] of cells.entries()) {
          const named = long === "" ? { a } : long === "a" ? {} : { a, [long]: b };
          expect(rows[i]).toEqual({ ...named, line });
          line += 1 + breaks(a) + breaks(b);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("finds rows with too many or too few cells, by line", async () => {
    const content = 'text,a\n"x\ny",1\nx\nx,1,2\nz,0\n';
    expect(await messageFor("t.csv", content)).toMatch(
      /t\.csv, line 4: expected 2 cells, as in the header, but found 1$/,
    );
    const bad = new BadRows("skip");
    const rows = await rowsOf(fileOf("t.csv", content), "skip", bad);
    expect(rows.map(({ line }) => line)).toEqual([2, 6]);
    expect(bad.skippedCount).toBe(2);
    expect(bad.skipped.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      "4 expected 2 cells, as in the header, but found 1",
      "5 expected 2 cells, as in the header, but found 3",
    ]);
  });

  it("keeps only the first skipped rows, but counts all", async () => {
    const bad = new BadRows("skip");
    await rowsOf(fileOf("t.csv", `text,a\n${"x\n".repeat(1000)}`), "skip", bad);
    expect([bad.skippedCount, bad.skipped.length]).toEqual([1000, 5]);
  });

  it("says on which line a quote opened that is never closed", async () => {
    const content = 'text,a\r\n"x\r\ny",1\r\n\r\n"two\r\nlines","open\r\nx,1\r\n';
    expect(await messageFor("t.csv", content)).toMatch(/line 6 opens a quote that is never closed/);
    expect(await messageFor("t.csv", 'text,a\n\n\n"open,1\n')).toMatch(
      /line 4 opens a quote that is never closed/,
    );
  });

  it("gives up on a quote that swallows the file before it fills the memory", async () => {
    const content = `text,a\n"open,1\n${"x,1\n".repeat(4_500_000)}`;
    expect(await messageFor("t.csv", content)).toMatch(
      /line 2 belongs to a row of more than 16 MiB.*never closed/,
    );
  });

  it.each(['text,a\nx,1\n"a "quoted" word",1\n', 'text,a\nx,1\na "quoted" word,1\n'])(
    "refuses quotes out of place, since it cannot know where the cell ends: %j",
    async (content) => {
      expect(await messageFor("t.csv", content)).toMatch(/line 3 has a quote out of place/);
    },
  );

  it("refuses two columns of one name", async () => {
    expect(await messageFor("t.csv", "text,a, a\nx,1,1\n")).toMatch(/two columns named "a"/);
  });
});

describe("readRows of other formats", () => {
  it("reads TSV, quoted or not", async () => {
    const content = 'text\ta\n"one\ttwo"\t1\nsay "hi", then\t0\n"Hi" she said\t1\n';
    expect((await rowsOf(fileOf("t.tsv", content))).map(({ text }) => text)).toEqual([
      "one\ttwo",
      'say "hi", then',
      '"Hi" she said',
    ]);
  });

  it("reads JSON Lines with any JSON values, blank lines and Python's NaN", async () => {
    const content =
      '\ufeff{"text": "a \\"NaN\\" \u2028 b", "a": NaN, "b": [1]}\r\n\n  \n{"text": "__proto__", "__proto__": 1}';
    const rows = [];
    for await (const row of readRows(tableSource(fileOf("t.jsonl", content)), new BadRows("error")))
      rows.push(row);
    expect(rows.map(({ line }) => line)).toEqual([1, 4]);
    expect([...rows[0]!.cells]).toEqual([
      ["text", 'a "NaN" \u2028 b'],
      ["a", null],
      ["b", [1]],
    ]);
    expect(rows[1]!.cells.get("__proto__")).toBe(1);
  });

  it("says which line is not a JSON object", async () => {
    expect(await messageFor("t.ndjson", '{"text": "x"}\n{"text": \n')).toMatch(/line 2: is not valid JSON/);
    expect(await messageFor("t.jsonl", '[1, 2]\n{"text": "x"}\n')).toMatch(
      /line 1: holds \[1, 2\]; expected a JSON object/,
    );
    expect(await messageFor("t.jsonl", '{"text": NaN, }\n')).toMatch(/line 1: is not valid JSON/);
    const bad = new BadRows("skip");
    expect(await rowsOf(fileOf("t.jsonl", 'x\n{"text": "y"}\nnull\n'), "skip", bad)).toEqual([
      { text: "y", line: 2 },
    ]);
    expect(bad.skippedCount).toBe(2);
  });

  it("reads every line of a text file, blank ones too", async () => {
    expect(await rowsOf(fileOf("t.txt", 'say "hi", x\r\n\r\ny\n'))).toEqual([
      { text: 'say "hi", x', line: 1 },
      { text: "", line: 2 },
      { text: "y", line: 3 },
    ]);
  });
});

describe("readRows of what is no table", () => {
  it("refuses files that are missing, directories, empty or of an unknown kind", async () => {
    const file = fileOf("t.csv", "");
    expect(await messageFor("t.csv", "")).toMatch(/is empty/);
    expect(await messageFor("t.csv", "\n\n")).toMatch(/is empty/);
    expect(await messageFor("t.jsonl", " \n\n")).toMatch(/is empty/);
    expect(await messageFor("t.xlsx", "x")).toMatch(
      /is of an unknown kind; expected a name that ends in \.csv, \.tsv/,
    );
    expect(await messageFor("csv", "x")).toMatch(/is of an unknown kind/);
    expect(await errorOf(() => rowsOf(`${file}.none.csv`))).toMatchObject({
      code: "IO",
      message: /does not exist$/,
    });
    const directory = fileOf("d.csv/t.csv", "").slice(0, -6);
    expect(await errorOf(() => rowsOf(directory))).toMatchObject({ code: "IO", message: /is a directory/ });
  });

  it("refuses UTF-16, NUL and bytes that are not UTF-8, and says where they are", async () => {
    expect(await messageFor("t.csv", Buffer.from("\ufefftext,a\n", "utf16le"))).toMatch(
      /is UTF-16 text; save it as UTF-8/,
    );
    expect(await messageFor("t.csv", Buffer.from("text,a\n", "utf16le"))).toMatch(
      /byte 2, on line 1, is NUL.*UTF-16/,
    );
    expect(await messageFor("t.csv", "text,a\nx,1\ny\0,1\n")).toMatch(/byte 13, on line 3, is NUL/);
    const latin1 = Buffer.from("text,a\nx,1\ncaf\u00e9,1\n", "latin1");
    expect(await messageFor("t.csv", latin1)).toMatch(/byte 15, on line 3, is not valid UTF-8/);
    const padding = `${"é".repeat(100_000)},1\n`;
    const late = Buffer.concat([Buffer.from(`text,a\n${padding}`), Buffer.of(0xc3)]);
    expect(await messageFor("t.csv", late)).toMatch(/byte 200011, on line 3, is not valid UTF-8/);
  });

  it("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const reading = async () => {
      for await (const _ of readRows(
        tableSource(fileOf("t.csv", "text,a\nx,1\n")),
        new BadRows("error"),
        signal,
      ));
    };
    await expect(reading()).rejects.toThrow("enough");
  });
});

describe("readUtf8", () => {
  it("never cuts a character in two", async () => {
    const text = "aé€😀".repeat(40_000);
    const parts: string[] = [];
    for await (const chunk of readUtf8(tableSource(fileOf("t.txt", text)), new LineCounter()))
      parts.push(chunk.toString());
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join("")).toBe(text);
    expect(parts.some((part) => part.includes("\ufffd"))).toBe(false);
  });
});
