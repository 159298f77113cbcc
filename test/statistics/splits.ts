// Is what a split holds back as hard as the rest, and has every label its share of it?
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { type StratifyOptions, stratifiedSplit } from "../../src/data/split.js";
import { evaluate } from "../../src/evaluation/metrics.js";
import { binomialBounds, mean, standardError } from "./bounds.js";
import { rowsOf, type ScoredTable, skewedTable } from "./tables.js";

/** For the body of a test file. */
export function judgeSplits(seeds: number): void {
  describe.each([
    { rows: 886, width: 20 },
    { rows: 6838, width: 28 },
  ])("a tenth of $rows rows with $width labels, scores held fixed", ({ rows, width }) => {
    const table = skewedTable(rows, width, width === 20 ? 1.2 : 0.9, width === 20 ? 1 : 3);

    it("is as hard as all of them when it is split by default", () => {
      const { f1, loss } = differences(table, seeds, undefined);
      // Four standard errors: once in sixteen thousand times by chance.
      expect(Math.abs(mean(f1))).toBeLessThan(4 * standardError(f1));
      expect(Math.abs(mean(loss))).toBeLessThan(4 * standardError(loss));
    });

    it("is easier when it is split by combinations, as the documentation says", () => {
      const { loss } = differences(table, seeds, "combinations");
      expect(mean(loss)).toBeLessThan(-0.01);
    });

    it("holds rows of rare combinations as often as others", () => {
      const rare = rowsOfRareCombinations(table);
      expect(rare.size).toBeGreaterThan(0.04 * rows);
      let held = 0;
      for (let seed = 0; seed < seeds; seed++) {
        for (const row of stratifiedSplit(table, { fraction: 0.1, seed }).validation)
          if (rare.has(row)) held++;
      }
      const [low, high] = binomialBounds(seeds * rare.size, 0.1);
      expect(held).toBeGreaterThanOrEqual(low);
      expect(held).toBeLessThanOrEqual(high);
    });
  });

  it("every label of crowded tables is within two rows of its share, but for one in seventy at most", () => {
    const deviations: number[] = [];
    for (const [kind, [rows, width, labelsPerRow]] of crowdedTables.entries()) {
      const table = crowdedTable(rows, width, labelsPerRow, kind);
      const totals = positives(table);
      for (let seed = 0; seed < Math.ceil(seeds / 10); seed++) {
        for (const fraction of [0.1, 0.2]) {
          const { validation } = stratifiedSplit(table, { fraction, seed });
          expect(validation).toHaveLength(Math.round(fraction * rows));
          const held = positives(rowsOf({ ...table, logits: table.labels }, validation));
          for (const [label, total] of totals.entries())
            deviations.push(Math.abs(held[label]! - fraction * total));
        }
      }
    }
    // The algorithm as it was published: 13 %, and 41 rows, on these tables.
    const far = deviations.filter((rows) => rows > 2 + 1e-9).length;
    expect(far / deviations.length).toBeLessThan(0.014);
    expect(Math.max(...deviations)).toBeLessThan(5.5);
  });
}

/** Figures of what is held back less those of all rows, for each seed. */
function differences(table: ScoredTable, seeds: number, method: StratifyOptions["method"]) {
  const of = ({ logits, labels, labelNames }: ScoredTable) => evaluate({ logits }, labels, labelNames);
  const all = of(table);
  const held = Array.from({ length: seeds }, (_, seed) => {
    const split = stratifiedSplit(table, { fraction: 0.1, seed, ...(method && { method }) });
    return of(rowsOf(table, split.validation));
  });
  return {
    f1: held.map(({ micro }) => micro.f1 - all.micro.f1),
    loss: held.map(({ loss }) => loss! - all.loss!),
  };
}

/** Rows whose combination of labels at most four rows have; by the nearest number, a tenth of them is none. */
function rowsOfRareCombinations({ labels, labelNames }: ScoredTable): Set<number> {
  const width = labelNames.length;
  const byCombination = new Map<string, number[]>();
  for (let row = 0; row < labels.length / width; row++) {
    const key = labels.subarray(row * width, (row + 1) * width).join("");
    byCombination.set(key, [...(byCombination.get(key) ?? []), row]);
  }
  return new Set([...byCombination.values()].filter((rows) => rows.length < 5).flat());
}

/** Rows, labels, labels a row: few rows, or many labels on each of them. */
const crowdedTables = [
  [886, 20, 3],
  [500, 50, 5],
  [300, 30, 6],
  [1000, 100, 8],
  [200, 100, 10],
  [600, 14, 4],
  [1500, 150, 4],
] as const;

/** Some rows have many times as many labels as others, and a third of the labels bring another one along. */
function crowdedTable(
  rows: number,
  width: number,
  labelsPerRow: number,
  seed: number,
): Omit<ScoredTable, "logits"> {
  const random = generator(seed, "crowded table");
  const ranks = Array.from({ length: width }, (_, label) => 1 / (label + 1) ** 0.9);
  const scale = labelsPerRow / ranks.reduce((sum, rank) => sum + rank);
  const labels = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const crowded = Math.exp(1.9 * (random.float() + random.float() + random.float() - 1.5));
    for (let label = width - 1; label >= 0; label--) {
      if (random.float() >= Math.min(0.95, Math.min(0.8, ranks[label]! * scale) * crowded)) continue;
      labels[row * width + label] = 1;
      if (label > 2 && label % 3 === 0) labels[row * width + (label % 2)] = 1;
    }
  }
  return { labels, labelNames: Array.from({ length: width }, (_, i) => `label ${i}`) };
}

function positives({ labels, labelNames }: Omit<ScoredTable, "logits">): number[] {
  const counts = labelNames.map(() => 0);
  for (let i = 0; i < labels.length; i++) counts[i % counts.length]! += labels[i]!;
  return counts;
}
