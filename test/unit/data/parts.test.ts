import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { foldsWithTest, trainValidationTestSplit } from "../../../src/data/parts.js";
import { stratifiedSplit } from "../../../src/data/split.js";
import { formatFolds, formatSplit, readSplit } from "../../../src/data/split-file.js";
import { errorOf, fileOf } from "./files.js";

const rows = 400;
const random = generator(5, "parts test");
const dataset = {
  source: "t.csv",
  texts: Array.from({ length: rows }, (_, row) => `text ${row % 350}`),
  labelNames: ["a", "b", "rare"],
  labels: Float32Array.from({ length: 3 * rows }, (_, i) => Number(random.below(i % 3 === 2 ? 20 : 3) === 0)),
};
const options = { validation: 0.2, test: 0.1, seed: 3 };

/** The part of each row: 0 to train on, 1 to validate on, 2 to test on. */
function partsOf({
  train,
  validation,
  test = new Int32Array(),
}: ReturnType<typeof stratifiedSplit>): number[] {
  const parts = new Array<number>(train.length + validation.length + test.length).fill(-1);
  for (const [part, list] of [train, validation, test].entries()) for (const row of list) parts[row] = part;
  return parts;
}

describe.each(["combinations", "iterative"] as const)("three parts by %s", (method) => {
  const split = trainValidationTestSplit(dataset, { ...options, method });

  it("hold every row once, in their shares", () => {
    expect(partsOf(split)).not.toContain(-1);
    const lengths = [split.train, split.validation, split.test!].map(({ length }) => length);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(rows);
    for (const [i, share] of [0.7, 0.2, 0.1].entries()) {
      expect(Math.abs(lengths[i]! - share * rows)).toBeLessThanOrEqual(3);
    }
    for (const list of [split.train, split.validation, split.test!]) {
      expect([...list]).toEqual([...list].sort((a, b) => a - b));
    }
  });

  it("keep the shares of labels", () => {
    for (const label of [0, 1, 2]) {
      const positives = (list: Iterable<number>) =>
        Array.from(list).reduce((sum, row) => sum + dataset.labels[3 * row + label]!, 0);
      const all = positives(Array(rows).keys());
      expect(Math.abs(positives(split.test!) - 0.1 * all)).toBeLessThanOrEqual(
        method === "iterative" ? 2 : 6,
      );
      expect(Math.abs(positives(split.validation) - 0.2 * all)).toBeLessThanOrEqual(
        method === "iterative" ? 2 : 6,
      );
    }
  });

  it("have the same test whatever is validated on", () => {
    const other = trainValidationTestSplit(dataset, { ...options, validation: 0.4, method });
    expect(other.test).toEqual(split.test);
    const none = trainValidationTestSplit(dataset, { ...options, validation: 0, method });
    expect(none.test).toEqual(split.test);
    expect(none.validation).toHaveLength(0);
  });

  it("keep rows of one text or group in one part", () => {
    const groups = dataset.texts.map((_, row) => `author ${row % 90}`);
    const { test, train, validation } = trainValidationTestSplit(
      { ...dataset, groups },
      { ...options, method, byText: true },
    );
    for (const names of [dataset.texts, groups]) {
      const parts = [train, validation, test!].map((list) => new Set(Array.from(list, (row) => names[row])));
      const all = parts.flatMap((set) => [...set]);
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it("without a test are those of stratifiedSplit", () => {
    const expected = stratifiedSplit(dataset, { fraction: 0.2, seed: 3, method });
    expect(trainValidationTestSplit(dataset, { ...options, test: 0, method })).toEqual(expected);
  });
});

describe("a file of three parts", () => {
  it("is read back", async () => {
    const split = trainValidationTestSplit(dataset, options);
    const table = formatSplit(dataset, split);
    expect(table.match(/,test$/gm)).toHaveLength(split.test!.length);
    expect(await readSplit(fileOf("split.csv", table), dataset)).toEqual(split);
    const untested = trainValidationTestSplit(dataset, { ...options, validation: 0 });
    expect(await readSplit(fileOf("split.csv", formatSplit(dataset, untested)), dataset)).toEqual(untested);
  });

  it("may hold folds, of which none has a row of the test", async () => {
    const folds = foldsWithTest(dataset, { folds: 4, test: 0.1, seed: 1 });
    const { test } = trainValidationTestSplit(dataset, { ...options, seed: 1 });
    const file = fileOf("folds.csv", formatFolds(dataset, folds));
    for (const [i, fold] of folds.entries()) {
      expect(fold.test).toEqual(test);
      expect(partsOf(fold)).toHaveLength(rows);
      expect(partsOf(fold)).not.toContain(-1);
      expect(await readSplit(file, dataset, i + 1)).toEqual(fold);
    }
    const held = folds.flatMap(({ validation }) => [...validation]);
    expect(new Set(held).size).toBe(rows - test!.length);
  });

  it.each(["Test", "dev", "", "training"])("with the part %j is refused, by its line", async (part) => {
    const table = formatSplit(dataset, trainValidationTestSplit(dataset, options)).replace("train", part);
    const error = await errorOf(() => readSplit(fileOf("split.csv", table), dataset));
    expect(error.code).toBe("INVALID_DATA");
    expect(error.message).toMatch(
      /split\.csv, line \d+: the part is ".*"; expected train, validation or test/,
    );
  });
});

describe("parts that cannot be", () => {
  const few = { ...dataset, texts: dataset.texts.slice(0, 4), labels: dataset.labels.slice(0, 12) };

  it.each([
    [{ validation: 0.5, test: 0.5 }, "validationSplit is 0.5 and option testSplit 0.5"],
    [{ validation: 0.1, test: -1 }, "option test is -1: expected at least 0"],
  ])("are refused: %o", async (shares, message) => {
    const error = await errorOf(() => trainValidationTestSplit(dataset, { ...options, ...shares }));
    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(message) });
  });

  it("for too few rows, naming the option of the part that has none", async () => {
    const groups = few.texts.map(() => "one");
    const error = await errorOf(() => trainValidationTestSplit({ ...few, groups }, options));
    expect(error.code).toBe("INVALID_DATA");
    expect(error.message).toMatch(
      /cannot hold back rows for the test: all 4 rows are of one group.*set testSplit to 0, or judge/,
    );
    const combinations = { ...options, method: "combinations" as const };
    const distinct = { ...few, labels: Float32Array.of(0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1) };
    const second = await errorOf(() => trainValidationTestSplit(distinct, combinations));
    expect(second.message).toMatch(/cannot hold back 1 of 4 rows for the test.*lower testSplit, or judge/);
  });
});
