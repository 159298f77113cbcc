// Iterative stratification, folds and groups: what the algorithm of Sechidis et al. (2011) promises, on any rows.
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import type { LabelledRows } from "../../../src/data/dataset.js";
import { readDataset } from "../../../src/data/read.js";
import { type Split, stratifiedFolds, stratifiedSplit } from "../../../src/data/split.js";
import { errorOf } from "./files.js";

const realRows = "../shared/data/jigsaw-3000.csv";

function datasetOf(rows: readonly (readonly number[])[], more: Partial<LabelledRows> = {}): LabelledRows {
  return { labelNames: rows[0]!.map((_, i) => `l${i}`), labels: Float32Array.from(rows.flat()), ...more };
}

const rowsOf = (width: number, minLength = 12) =>
  fc.array(fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: width, maxLength: width }), {
    minLength,
    maxLength: 150,
  });

/** Rows of a split's validation that have a label. */
const positives = (rows: readonly (readonly number[])[], { validation }: Split, label: number) =>
  validation.filter((row) => rows[row]![label] === 1).length;

const spread = (numbers: readonly number[]) => Math.max(...numbers) - Math.min(...numbers);

function requirePartition(splits: readonly Split[], rows: number): void {
  const all = Array.from({ length: rows }, (_, row) => row);
  expect(splits.flatMap(({ validation }) => [...validation]).sort((a, b) => a - b)).toEqual(all);
  for (const { train, validation } of splits) {
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual(all);
    expect([...validation]).toEqual([...validation].sort((a, b) => a - b));
  }
}

describe.each(["combinations", "iterative"] as const)("folds by %s", (method) => {
  it("hold every row once, the same for the same seed", () => {
    fc.assert(
      fc.property(rowsOf(4), fc.integer({ min: 2, max: 5 }), fc.nat(1000), (rows, folds, seed) => {
        const splits = stratifiedFolds(datasetOf(rows), { folds, seed, method });
        expect(splits).toHaveLength(folds);
        requirePartition(splits, rows.length);
        expect(stratifiedFolds(datasetOf(rows), { folds, seed, method })).toEqual(splits);
      }),
    );
  });

  it("share labels that never meet out evenly, and rows too", () => {
    const kinds = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 0],
    ];
    const rowLists = fc.array(fc.constantFrom(...kinds), { minLength: 12, maxLength: 150 });
    fc.assert(
      fc.property(rowLists, fc.integer({ min: 2, max: 6 }), fc.nat(1000), (rows, folds, seed) => {
        const splits = stratifiedFolds(datasetOf(rows), { folds, seed, method });
        for (const label of [0, 1, 2]) {
          expect(spread(splits.map((split) => positives(rows, split, label)))).toBeLessThanOrEqual(1);
        }
        expect(spread(splits.map(({ validation }) => validation.length))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("never separate rows of one group or text, directly or by way of others", () => {
    const some = fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.constantFrom(0, 1)), {
      minLength: 40,
      maxLength: 120,
    });
    fc.assert(
      fc.property(some, fc.nat(1000), (rows, seed) => {
        const texts = rows.map(([text]) => `text ${text}`);
        const groups = rows.map(([, group]) => (group === 0 ? "" : `group ${group}`));
        const dataset = { ...datasetOf(rows.map(([, , label]) => [label])), texts };
        for (const { train, validation } of [
          stratifiedSplit(dataset, { fraction: 0.3, seed, method, byText: true }),
          ...stratifiedFolds(dataset, { folds: 3, seed, method, byText: true }),
        ]) {
          const held = new Set(Array.from(validation, (row) => texts[row]));
          expect(Array.from(train, (row) => texts[row]).filter((text) => held.has(text))).toEqual([]);
        }
        const { train, validation } = stratifiedSplit(
          { ...dataset, groups },
          { fraction: 0.3, seed, method },
        );
        const held = new Set(Array.from(validation, (row) => groups[row]).filter((group) => group !== ""));
        expect(Array.from(train, (row) => groups[row]).filter((group) => held.has(group!))).toEqual([]);
      }),
    );
    // 0 and 1 share a text, 1 and 2 a group: all three stay together.
    const chained = {
      ...datasetOf([[1], [0], [1], [0], [1], [0]]),
      texts: ["x", "x", "y", "z", "w", "v"],
      groups: ["", "g", "g", "", "", ""],
    };
    for (let seed = 0; seed < 10; seed++) {
      const { validation } = stratifiedSplit(chained, { fraction: 0.4, seed, method, byText: true });
      expect([0, 3]).toContain([0, 1, 2].filter((row) => validation.includes(row)).length);
    }
  });

  it("keep to the size asked for when groups are small", () => {
    const random = generator(3, "groups");
    const rows = Array.from({ length: 3000 }, () => [
      Number(random.below(3) === 0),
      Number(random.below(20) === 0),
    ]);
    const groups = rows.map(() => `author ${random.below(800)}`);
    const { validation } = stratifiedSplit(datasetOf(rows, { groups }), { fraction: 0.2, seed: 1, method });
    expect(Math.abs(validation.length - 600)).toBeLessThanOrEqual(5);
    const total = rows.filter((row) => row[1] === 1).length;
    const held = validation.filter((row) => rows[row]![1] === 1).length;
    expect(Math.abs(held - total * 0.2)).toBeLessThanOrEqual(3);
  });

  it("are refused when there are too few rows", async () => {
    const few = datasetOf([[1], [0], [1]]);
    expect(await errorOf(() => stratifiedFolds(few, { folds: 4, seed: 1, method }))).toMatchObject({
      code: "INVALID_DATA",
    });
    const one = { ...datasetOf([[1], [0]]), groups: ["a", "a"] };
    expect(await errorOf(() => stratifiedSplit(one, { fraction: 0.5, seed: 1, method }))).toMatchObject({
      code: "INVALID_DATA",
    });
    for (const folds of [1, 0, 2.5]) {
      expect(await errorOf(() => stratifiedFolds(few, { folds, seed: 1, method }))).toMatchObject({
        code: "INVALID_OPTION",
      });
    }
  });
});

describe("iterative stratification", () => {
  it("shares the rarest label out, none more than a row from its share, whatever else its rows have", () => {
    fc.assert(
      fc.property(rowsOf(5), fc.integer({ min: 2, max: 5 }), fc.nat(1000), (rows, folds, seed) => {
        const counts = [0, 1, 2, 3, 4].map((label) => rows.filter((row) => row[label] === 1).length);
        const fewest = Math.min(...counts.filter((count) => count > 0));
        const rarest = counts.flatMap((count, label) => (count === fewest ? [label] : []));
        fc.pre(rarest.length === 1);
        const splits = stratifiedFolds(datasetOf(rows), { folds, seed, method: "iterative" });
        for (const split of splits) {
          const held = positives(rows, split, rarest[0]!);
          expect(Math.abs(held - fewest / folds)).toBeLessThan(2);
        }
      }),
    );
  });

  it("keeps the shares of many rare labels better than chance and than combinations do", () => {
    const random = generator(1, "skewed");
    const labels = 20;
    const rows = Array.from({ length: 2000 }, () =>
      Array.from({ length: labels }, (_, label) => Number(random.float() < 0.4 / (label + 1))),
    );
    // The labels' distribution of the paper (LD): how far each fold's share of a label is from that of all rows.
    const distance = (splits: readonly Split[]) => {
      let sum = 0;
      for (let label = 0; label < labels; label++) {
        const share = rows.filter((row) => row[label] === 1).length / rows.length;
        for (const split of splits)
          sum += Math.abs(positives(rows, split, label) / split.validation.length - share);
      }
      return sum / labels / splits.length;
    };
    const dataset = datasetOf(rows);
    const iterative = distance(stratifiedFolds(dataset, { folds: 10, seed: 1, method: "iterative" }));
    const combinations = distance(stratifiedFolds(dataset, { folds: 10, seed: 1, method: "combinations" }));
    const order = random.shuffle(Int32Array.from(rows.keys()));
    const chance = Array.from({ length: 10 }, (_, i) => ({
      train: order,
      validation: order.slice(i * 200, (i + 1) * 200),
    }));
    expect(iterative).toBeLessThan(combinations / 2);
    expect(iterative).toBeLessThan(distance(chance) / 5);
  });

  it.skipIf(!existsSync(realRows))(
    "puts a share of every label of real rows into each of ten folds",
    async () => {
      const { dataset } = await readDataset(realRows);
      const splits = stratifiedFolds(dataset, { folds: 10, seed: 2020, method: "iterative" });
      requirePartition(splits, 3000);
      expect(spread(splits.map(({ validation }) => validation.length))).toBeLessThanOrEqual(1);
      for (const [label, total] of [307, 38, 167, 14, 164, 32].entries()) {
        for (const { validation } of splits) {
          const held = validation.filter((row) => dataset.labels[row * 6 + label] === 1).length;
          expect(Math.abs(held - total / 10)).toBeLessThan(2);
        }
      }
    },
  );
});
