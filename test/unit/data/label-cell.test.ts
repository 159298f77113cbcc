// Labels of any name, through a table that tagformer writes and reads again.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inertCsvLines } from "../../../src/data/csv.js";
import { distinctColumns, labelCellWriter } from "../../../src/data/label-cell.js";
import { readDataset } from "../../../src/data/read.js";
import { fileOf } from "./files.js";

const odd = [
  "a,b",
  'say "hi"',
  "two\nlines",
  "carriage\rreturn",
  "labels",
  "text",
  "id",
  "row_id",
  "caf\u00e9",
  "cafe\u0301",
  "=SUM(A1)",
  "'=SUM(A1)",
  "''=SUM(A1)",
  "  blanks  ",
  "1",
  "0",
  "NA",
  "a|b",
  "[x]",
  "-5",
  "__proto__",
  "__label__x",
  "\u{1f600}",
];

/** Writes a table of predictions as `predict` does. */
function tableOf(labels: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = labelCellWriter(labels);
  const own = distinctColumns(["id", "labels", "text"], labels);
  return inertCsvLines([
    [...own, ...labels],
    ...rows.map((given, i) => [
      `k${i}`,
      cell(given),
      "some text of several words",
      ...labels.map((label) => (given.includes(label) ? "0.75" : "0.25")),
    ]),
  ]);
}

describe("tables with labels of any name", () => {
  it("have columns of different names, from which the labels are read again", async () => {
    const rows = [odd.slice(0, 5), [], odd, ...odd.map((label) => [label])];
    const content = tableOf(odd, rows);
    const file = fileOf("t.csv", content);
    const { dataset, columns } = await readDataset(file, { labels: odd });
    expect(columns).toMatchObject({ text: "row_text", id: "row_row_id" });
    expect(dataset.labelNames).toEqual(odd);
    const expected = rows.flatMap((given) => odd.map((label) => (given.includes(label) ? 0.75 : 0.25)));
    expect([...dataset.labels]).toEqual(expected);
    const listed = await readDataset(file, { labels: odd, labelColumn: "row_labels" });
    expect(listed.columns).toMatchObject({ text: "row_text", id: "row_row_id" });
    expect([...listed.dataset.labels]).toEqual(expected.map(Math.round));
  });

  it("are found by their content where labels are called as other columns are", async () => {
    const content = "comment,text,id,labels\nhello you,1,0,1\nbye,0,0,1\nwell well,0,1,0\n";
    const { dataset, columns } = await readDataset(fileOf("t.csv", content));
    expect(dataset.labelNames).toEqual(["text", "id", "labels"]);
    expect(columns).toEqual({ text: "comment", unused: [] });
  });

  it("write a cell of plain names with |, and of any others as JSON", () => {
    expect(labelCellWriter(["toxic", "severe_toxic", "na\u00efve"])(["toxic", "na\u00efve"])).toBe(
      "toxic|na\u00efve",
    );
    expect(labelCellWriter(["a", "b"])([])).toBe("");
    expect(labelCellWriter(["a", "a|b"])(["a", "a|b"])).toBe('["a","a|b"]');
    for (const label of ["a b", "1", "NA", "=1", "", "x;y"])
      expect(labelCellWriter([label])([label])).toBe(JSON.stringify([label]));
  });

  it("read back the lists of any names", async () => {
    const name = fc
      .string({ minLength: 1, unit: "grapheme" })
      .filter((text) => text.trim() !== "" && !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), async (labels) => {
        const rows = [labels, [], ...labels.map((label) => [label])];
        const [, column, text] = distinctColumns(["id", "labels", "text"], labels);
        const file = fileOf("t.csv", tableOf(labels, rows));
        const { dataset } = await readDataset(file, { labels, labelColumn: column, text });
        expect([...dataset.labels]).toEqual(
          rows.flatMap((given) => labels.map((label) => Number(given.includes(label)))),
        );
      }),
      { numRuns: 50 },
    );
  });
});
