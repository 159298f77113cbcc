import { describe, expect, it } from "vitest";
import { clustersOf, unitsOf } from "../../../src/data/groups.js";
import { errorOf } from "../training/tiny-run.js";

const rowsOf = (texts: readonly string[], groups?: readonly string[]) => ({
  labelNames: ["a"],
  labels: new Float32Array(texts.length),
  texts: [...texts],
  ...(groups && { groups: [...groups] }),
});

describe("clustersOf", () => {
  it("counts from 0 in the order of first rows; rows of one text, but for case and punctuation, are one cluster", () => {
    const rows = rowsOf(["Late!", "refund", "late", "REFUND?", "login"]);
    expect(clustersOf(rows)).toEqual(Int32Array.of(0, 1, 0, 1, 2));
  });

  it("joins rows of one group, and rows that are joined by way of a third", () => {
    const rows = rowsOf(["late", "refund", "late", "login", "bug"], ["ann", "bob", "bob", "", " "]);
    expect(clustersOf(rows)).toEqual(Int32Array.of(0, 0, 0, 1, 2)); // blank groups are none
  });

  it("refuses rows whose texts and labels do not fit", async () => {
    const rows = { ...rowsOf(["late", "refund"]), labels: new Float32Array(3) };
    expect((await errorOf(() => clustersOf(rows))).code).toBe("INVALID_DATA");
  });
});

describe("unitsOf", () => {
  it("is nothing where every row stands alone", () => {
    expect(unitsOf(rowsOf(["late", "late"]), false)).toBeUndefined();
  });

  it("joins groups alone unless texts are to count", () => {
    const rows = rowsOf(["late", "late", "refund"], ["ann", "bob", "ann"]);
    expect(unitsOf(rows, false)).toEqual(Int32Array.of(0, 1, 0));
    expect(unitsOf(rows, true)).toEqual(Int32Array.of(0, 0, 0));
  });
});
