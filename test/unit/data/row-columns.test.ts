// Columns about rows besides text, id and labels: weights, groups; and labels that are soft.
import { describe, expect, it } from "vitest";
import { readDataset } from "../../../src/data/read.js";
import { checkShape } from "../../../src/data/shape.js";
import { errorOf, fileOf } from "./files.js";

const table = "text,author,a,trust,b\nx x,ann,1,1,0\ny y,,0,0,1\nz z,bob,-1,1,-1\nw w,ann,1,1,0\n";

describe("columns of weights and groups", () => {
  it("are read where they are named, and are no labels then", async () => {
    const { dataset } = await readDataset(fileOf("t.csv", table), { weight: "trust", group: "author" });
    expect(dataset.labelNames).toEqual(["a", "b"]);
    expect([...dataset.texts]).toEqual(["x x", "y y", "w w"]); // the third row has no label
    expect(dataset.weights).toEqual(Float32Array.of(1, 0, 1));
    expect([...dataset.groups!]).toEqual(["ann", "", "ann"]);
  });

  it("are not there otherwise", async () => {
    const { dataset } = await readDataset(fileOf("t.csv", table));
    expect(dataset.labelNames).toEqual(["a", "trust", "b"]);
    expect(dataset).not.toHaveProperty("weights");
    expect(dataset).not.toHaveProperty("groups");
  });

  it.each(["", "much", "-1", "Infinity"])("refuse the weight %j", async (weight) => {
    const file = fileOf("t.csv", `text,w,a\nx,1,0\ny,${weight},1\n`);
    const { code, message } = await errorOf(() => readDataset(file, { weight: "w", labels: ["a"] }));
    expect(code).toBe("INVALID_DATA");
    expect(message).toContain('line 3: column "w" holds');
  });

  it("must exist", async () => {
    const file = fileOf("t.csv", table);
    expect((await errorOf(() => readDataset(file, { group: "autor" }))).message).toContain(
      'did you mean "author"',
    );
  });
});

describe("soft labels", () => {
  const soft = "text,a,b\nx,0.25,1\ny,0,-1\n";

  it("are read from columns that are named as labels", async () => {
    const { dataset } = await readDataset(fileOf("t.csv", soft), { labels: ["a", "b"] });
    expect(dataset.labels).toEqual(Float32Array.of(0.25, 1, 0, Number.NaN));
  });

  it("do not make a column one of labels", async () => {
    const { dataset } = await readDataset(fileOf("t.csv", soft), {});
    expect(dataset.labelNames).toEqual(["b"]);
  });

  it.each(["1.5", "-0.5", "half"])("are from 0 to 1, and not %s", async (cell) => {
    const file = fileOf("t.csv", `text,a\nx,${cell}\n`);
    const { message } = await errorOf(() => readDataset(file, { labels: ["a"] }));
    expect(message).toContain("expected a number from 0 to 1, true or false, or -1 or blank");
  });
});

describe("a dataset made by hand", () => {
  const rows = { source: "rows", texts: ["x", "y"], labelNames: ["a"], labels: Float32Array.of(0, 1) };
  it.each([
    [{ weights: Float32Array.of(1) }, "weights must be a Float32Array with 2 values"],
    [{ weights: Float32Array.of(1, -1) }, "the weight of row 1 is -1"],
    [{ weights: Float32Array.of(Number.NaN, 1) }, "the weight of row 0 is NaN"],
    [{ groups: ["a"] }, "found 1 groups for 2 rows"],
  ])("is checked: %o", async (more, problem) => {
    expect((await errorOf(() => checkShape({ ...rows, ...more }))).message).toContain(problem);
  });
});
