// Tables that are dropped on the page: read as csv-parse reads them, and written as the command writes them.
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAnswers, guessTextColumn, parseTable, TableError } from "../../../../playground/csv.js";
import { csvLines } from "../../../../src/data/csv.js";

describe("parseTable", () => {
  it("reads what csv-stringify writes, whatever is in the cells", () => {
    const cell = fc.string({
      unit: fc.constantFrom("a", "é", "😀", ",", ";", "\t", '"', "\n", "\r", " ", "'"),
    });
    const rows = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, (written) => {
        const table = parseTable(csvLines([["id", "text", "more"], ...written]));
        expect(table).toEqual({ columns: ["id", "text", "more"], rows: written });
      }),
    );
  });

  it.each(["a;b\n1;x,y\n", "a\tb\r\n1\tx,y\r\n", '\ufeffa,b\r1,"x,y"'])(
    "tells what separates cells: %j",
    (text) => {
      expect(parseTable(text)).toEqual({ columns: ["a", "b"], rows: [["1", "x,y"]] });
    },
  );

  it("leaves blank lines out", () => {
    expect(parseTable("text\n\none\n\n\ntwo\n").rows).toEqual([["one"], ["two"]]);
  });

  it.each([
    ["", "The file is empty."],
    ["text\n", "The file has a header and no rows."],
    ['a,b\n1,"never\n\n', "Line 2: a quote is opened and never closed."],
    ['a,b\n1,"x" y\n', "Line 2: there is more after the closing quote of a cell."],
    ['a,b\n1,"x\ny"\n1\n', "Line 4 has 1 cells, but the header has 2."],
  ])("refuses %j", (text, message) => {
    expect(() => parseTable(text)).toThrow(TableError);
    expect(() => parseTable(text)).toThrow(message);
  });

  it("reads a large file in linear time", () => {
    const cell = `"${'a "" b\n'.repeat(1000)}"`;
    const table = parseTable(`id,text\n${`1,${cell}\n`.repeat(300)}`);
    expect(table.rows).toHaveLength(300);
  });
});

describe("guessTextColumn", () => {
  it.each([
    [["id", "Text", "note"], 1],
    [["comment_text", "id", "x"], 0],
    [["id", "date", "was"], 2],
  ])("of %j", (columns, expected) => {
    expect(guessTextColumn({ columns, rows: [["1", "2026-11-01", "The parcel never arrived"]] })).toBe(
      expected,
    );
  });
});

describe("formatAnswers", () => {
  const answer = { labels: ["a", "b"], scores: { a: 0.9, b: 0.75 } };

  it("has the labels and scores behind the columns, under names that are not taken", () => {
    const table = { columns: ["labels", "a"], rows: [["x", "y"]] };
    const [header, row] = parse(formatAnswers(table, ["a", "b"], [answer])) as string[][];
    expect(header).toEqual(["labels", "a", "row_labels", "row_a", "b"]);
    expect(row).toEqual(["x", "y", "a|b", "0.9", "0.75"]);
  });

  it("keeps what a spreadsheet would run from running, in texts and in labels", () => {
    const table = { columns: ["text"], rows: [["=1+1"], ["-5"]] };
    const labels = { labels: ["=x"], scores: { "=x": 1 } };
    const [header, first, second] = parse(formatAnswers(table, ["=x"], [labels, labels])) as string[][];
    expect(header).toEqual(["text", "labels", "'=x"]);
    expect(first![0]).toBe("'=1+1");
    expect(second![0]).toBe("-5");
  });

  it("says what failed, and leaves rows empty that were not answered", () => {
    const table = { columns: ["text"], rows: [["x"], ["y"], ["z"]] };
    const rows = parse(
      formatAnswers(table, ["a", "b"], [answer, new Error("too long"), undefined]),
    ) as string[][];
    expect(rows).toEqual([
      ["text", "labels", "a", "b", "error"],
      ["x", "a|b", "0.9", "0.75", ""],
      ["y", "", "", "", "too long"],
      ["z", "", "", "", ""],
    ]);
  });
});
