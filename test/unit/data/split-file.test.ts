import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import { stratifiedFolds, stratifiedSplit } from "../../../src/data/split.js";
import { formatFolds, formatSplit, readSplit } from "../../../src/data/split-file.js";
import { errorOf, fileOf } from "./files.js";

const rows = 40;
const texts = Array.from({ length: rows }, (_, row) => `text ${row}`);
const plain: Dataset = {
  source: "t.csv",
  texts,
  labelNames: ["a", "b"],
  labels: Float32Array.from({ length: 2 * rows }, (_, i) => i % 2),
};
const withIds: Dataset = { ...plain, ids: texts.map((_, row) => `id, "${row}"`) };
const withLines: Dataset = {
  ...plain,
  ids: texts.map(() => "same"),
  lines: Int32Array.from(texts.keys()),
};
const split = stratifiedSplit(plain, { fraction: 0.25, seed: 3 });

describe("a split file", () => {
  it.each([
    ["id", withIds],
    ["line", withLines],
    ["row", plain],
  ])("names rows by their %s, and is read back", async (name, dataset) => {
    const table = formatSplit(dataset, split);
    expect(table.split("\n")[0]).toBe(`${name},part`);
    expect(await readSplit(fileOf("split.csv", table), dataset)).toEqual(split);
  });

  it("fits the same rows in another order", async () => {
    const file = fileOf("split.csv", formatSplit(withIds, split));
    const turned = { ...withIds, texts: [...texts].reverse(), ids: [...withIds.ids!].reverse() };
    const read = await readSplit(file, turned);
    expect(Array.from(read.validation, (row) => rows - 1 - row).reverse()).toEqual([...split.validation]);
  });

  it("holds folds, of which one is chosen", async () => {
    const folds = stratifiedFolds(plain, { folds: 4, seed: 1 });
    const file = fileOf("folds.csv", formatFolds(withIds, folds));
    for (const [i, expected] of folds.entries())
      expect(await readSplit(file, withIds, i + 1)).toEqual(expected);
    for (const fold of [0, 5, undefined]) {
      const error = await errorOf(() => readSplit(file, withIds, fold));
      expect(error).toMatchObject({ code: "INVALID_OPTION" });
      expect(error.message).toMatch(/has the folds (\d, ){3}\d/);
    }
    const single = fileOf("split.csv", formatSplit(withIds, split));
    expect(await errorOf(() => readSplit(single, withIds, 1))).toMatchObject({ code: "INVALID_OPTION" });
  });

  it.each([
    ['lacks 40 rows of t.csv (id id, "0"', "id,part\n"],
    ["names 1 rows that t.csv lacks (id x)", "id,part\nx,train\n"],
    ["expected the columns id and part or fold", "id,side\nx,train\n"],
    ["expected the columns id and part or fold", "line,part\n1,train\n"],
  ])("that does not belong is refused: %s", async (problem, content) => {
    const error = await errorOf(() => readSplit(fileOf("split.csv", content), withIds));
    expect(error.code).toBe("INVALID_DATA");
    expect(error.message).toContain(problem);
  });

  it("without a row to validate on is refused", async () => {
    const file = fileOf("split.csv", formatSplit(withIds, split).replaceAll("validation", "train"));
    expect((await errorOf(() => readSplit(file, withIds))).message).toContain(
      'no row with the part "validation" or "test"',
    );
  });
});
