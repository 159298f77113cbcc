import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import type { LabelledRows } from "../../../src/data/dataset.js";
import { readDataset } from "../../../src/data/read.js";
import { describeShortfalls, type SplitOptions, stratifiedSplit } from "../../../src/data/split.js";
import { binomialBounds } from "../../statistics/bounds.js";
import { errorOf } from "./files.js";

const nan = Number.NaN;
const realRows = "../shared/data/jigsaw-3000.csv";

const datasetOf = (rows: readonly (readonly number[])[]) => ({
  labelNames: rows[0]!.map(String),
  labels: Float32Array.from(rows.flat()),
});

const byCombination = (dataset: LabelledRows, options: SplitOptions) =>
  stratifiedSplit(dataset, { ...options, method: "combinations" });

const repeat = (times: number, row: readonly number[]) => Array.from({ length: times }, () => row);

/** How many of the given rows have each combination. */
function combinations(rows: readonly (readonly number[])[], of: Int32Array): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of of) counts.set(String(rows[row]), (counts.get(String(rows[row])) ?? 0) + 1);
  return counts;
}

describe("stratifiedSplit by combinations", () => {
  it("gives every combination its share", () => {
    const rows = [...repeat(60, [0, 0]), ...repeat(30, [1, 0]), ...repeat(10, [1, 1])];
    const { train, validation } = byCombination(datasetOf(rows), { fraction: 0.1, seed: 1 });
    expect(train.length).toBe(90);
    expect(Object.fromEntries(combinations(rows, validation))).toEqual({ "0,0": 6, "1,0": 3, "1,1": 1 });
  });

  it("keeps combinations that occur once in training, missing labels being combinations too", () => {
    const rows = [[1, 1], [1, nan], ...repeat(4, [0, nan]), ...repeat(4, [0, 0])];
    for (let seed = 0; seed < 20; seed++) {
      const { validation } = byCombination(datasetOf(rows), { fraction: 0.4, seed });
      expect(Object.fromEntries(combinations(rows, validation))).toEqual({ "0,NaN": 2, "0,0": 2 });
    }
  });

  it("splits any rows into two sorted parts of the size asked, each combination in training and in proportion", () => {
    const row = fc.array(fc.constantFrom(0, 1, nan), { minLength: 2, maxLength: 2 });
    const rowLists = fc.array(row, { minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(
        rowLists,
        fc.double({ min: 0.01, max: 0.5, noNaN: true }),
        fc.nat(),
        (rows, fraction, seed) => {
          const { train, validation } = byCombination(datasetOf(rows), { fraction, seed });
          expect(validation.length).toBe(Math.max(1, Math.round(fraction * rows.length)));
          expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...rows.keys()]);
          expect([...train].sort((a, b) => a - b)).toEqual([...train]);
          const all = combinations(rows, Int32Array.from(rows.keys()));
          const held = combinations(rows, validation);
          const eligible = [...all.values()].filter((size) => size > 1).reduce((sum, size) => sum + size, 0);
          for (const [combination, size] of all) {
            const share = held.get(combination) ?? 0;
            expect(share).toBeLessThan(size);
            const quota = (validation.length * size) / eligible;
            // The method of the largest remainder stays within one of the quota; only the limit of size - 1 moves it further.
            if (fraction < 0.3 && size > 1) expect(Math.abs(share - quota)).toBeLessThan(2);
          }
        },
      ),
      { examples: [[repeat(20, [0, 0]).map((r, i) => (i < 10 ? [...r] : [1, 1])), 0.5, 0]] },
    );
  });

  it("depends on the seed and nothing else", () => {
    const random = generator(1, "labels");
    const dataset = datasetOf(Array.from({ length: 500 }, () => [random.below(2), random.below(2)]));
    const first = stratifiedSplit(dataset, { fraction: 0.2, seed: 7 });
    generator(7, "split").below(10);
    expect(stratifiedSplit(dataset, { fraction: 0.2, seed: 7 })).toEqual(first);
    expect(stratifiedSplit(dataset, { fraction: 0.2, seed: 8 }).validation).not.toEqual(first.validation);
  });

  it("goes round again when small groups can give no more", () => {
    const rows = [...repeat(2, [0, 0]), ...repeat(2, [0, 1]), ...repeat(20, [1, 1])];
    const { validation } = byCombination(datasetOf(rows), { fraction: 0.85, seed: 1 });
    expect(Object.fromEntries(combinations(rows, validation))).toEqual({ "0,0": 1, "0,1": 1, "1,1": 18 });
  });

  it("refuses what cannot be done", async () => {
    const two = datasetOf([[1], [1]]);
    for (const fraction of [0, 1, -0.1, 2, nan]) {
      expect(await errorOf(() => byCombination(two, { fraction, seed: 1 }))).toMatchObject({
        code: "INVALID_OPTION",
      });
    }
    const one = await errorOf(() => byCombination(datasetOf([[1]]), { fraction: 0.1, seed: 1 }));
    expect(one).toMatchObject({
      code: "INVALID_DATA",
      message: /cannot hold back rows for validation: there is only one row; .*give a validation file/,
    });
    const unique = datasetOf([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(await errorOf(() => byCombination(unique, { fraction: 0.5, seed: 1 }))).toMatchObject({
      message: /cannot hold back 2 of 4 rows.*give a validation file/,
    });
    expect(byCombination(two, { fraction: 0.1, seed: 1 }).validation.length).toBe(1);
  });

  it("deals what does not come out even by the seed, to small combinations as often as to large ones", () => {
    // Quotas of 0.4 each: the largest remainder would always be the first one's.
    const kinds = Array.from({ length: 10 }, (_, kind) =>
      Array.from({ length: 10 }, (_, i) => Number(i === kind)),
    );
    const rows = kinds.flatMap((kind) => repeat(4, kind));
    const held = new Map<string, number>();
    for (let seed = 0; seed < 1000; seed++) {
      const { validation } = byCombination(datasetOf(rows), { fraction: 0.1, seed });
      for (const [kind, count] of combinations(rows, validation))
        held.set(kind, (held.get(kind) ?? 0) + count);
    }
    expect(held.size).toBe(10);
    const [low, high] = binomialBounds(1000, 0.4);
    for (const count of held.values()) {
      expect(count).toBeGreaterThanOrEqual(low);
      expect(count).toBeLessThanOrEqual(high);
    }
  });
});

describe("stratifiedSplit", () => {
  it("holds back as many rows as asked, though hardly a label occurs twice", () => {
    const random = generator(1, "tags");
    const width = 400;
    for (const [rows, held] of [
      [50, 5],
      [200, 20],
      [2, 1],
      [3, 1],
    ] as const) {
      const labels = Float32Array.from({ length: rows * width }, () => Number(random.below(40) === 0));
      const dataset = { labels, labelNames: Array.from({ length: width }, String) };
      expect(stratifiedSplit(dataset, { fraction: 0.1, seed: 1 }).validation).toHaveLength(held);
    }
  });

  it("keeps a label's only row in training, and holds back one of two rows as often as any other", () => {
    // 100 rows; the label of row 0 occurs once, that of rows 1 and 2 twice.
    const rows = Array.from({ length: 100 }, (_, row) => [
      Number(row === 0),
      Number(row === 1 || row === 2),
      row % 2,
    ]);
    const held = new Int32Array(100);
    for (let seed = 0; seed < 500; seed++) {
      for (const row of stratifiedSplit(datasetOf(rows), { fraction: 0.1, seed }).validation) held[row]!++;
    }
    expect(held[0]).toBe(0);
    const [low, high] = binomialBounds(1000, 0.1);
    expect(held[1]! + held[2]!).toBeGreaterThanOrEqual(low);
    expect(held[1]! + held[2]!).toBeLessThanOrEqual(high);
  });

  it("holds something back where groups are large, and says how far that is from what was asked", async () => {
    const rows = Array.from({ length: 100 }, (_, row) => [row % 2]);
    const five = { ...datasetOf(rows), groups: rows.map((_, row) => `author ${row % 5}`) };
    const split = stratifiedSplit(five, { fraction: 0.1, seed: 1 });
    expect(split.validation).toHaveLength(20);
    expect(describeShortfalls(split, { validation: 0.1 })).toEqual([
      expect.stringMatching(
        /^20 of 100 rows are held back for validation, where 10 were asked for: rows of one group/,
      ),
    ]);
    const skewed = { ...datasetOf(rows), groups: rows.map((_, row) => (row < 98 ? "a" : "b")) };
    const small = stratifiedSplit(skewed, { fraction: 0.1, seed: 1 });
    expect([...small.validation]).toEqual([98, 99]);
    expect(describeShortfalls(small, { validation: 0.1 })[0]).toMatch(/^only 2 of 100 rows .* where 10 were/);
    expect(
      describeShortfalls(stratifiedSplit(datasetOf(rows), { fraction: 0.1, seed: 1 }), { validation: 0.1 }),
    ).toEqual([]);
    const one = { ...datasetOf(rows), groups: rows.map(() => "a") };
    expect(await errorOf(() => stratifiedSplit(one, { fraction: 0.1, seed: 1 }))).toMatchObject({
      code: "INVALID_DATA",
      message: /all 100 rows are of one group or text and stay together; set validationSplit to 0, or give/,
    });
  });

  it.skipIf(!existsSync(realRows))(
    `holds back a tenth of the real rows (${realRows}, skipped where missing)`,
    async () => {
      const { dataset } = await readDataset(realRows);
      const { train, validation } = stratifiedSplit(dataset, { fraction: 0.1, seed: 42 });
      expect([train.length, validation.length]).toEqual([2700, 300]);
      const positives = new Array(6).fill(0);
      for (const row of validation) for (let i = 0; i < 6; i++) positives[i] += dataset.labels[row * 6 + i];
      const expected = [30.7, 3.8, 16.7, 1.4, 16.4, 3.2];
      positives.forEach((count, i) => {
        expect(Math.abs(count - expected[i]!)).toBeLessThan(4);
      });
    },
  );
});
