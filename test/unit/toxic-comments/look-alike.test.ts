import { beforeAll, describe, expect, it } from "vitest";
import { labelNames, lookAlikes, shapes } from "../../../examples/toxic-comments/look-alike.mjs";
import { smallModel } from "../../../examples/toxic-comments/small-model.mjs";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly labels: readonly number[];
}

const shape = { rows: 12_000, labelled: 9_000, positives: [900, 90, 500, 30, 460, 80] };
let rows: Row[];

beforeAll(() => {
  rows = [...lookAlikes(shape, 1)];
});

describe("look-alikes", () => {
  it("have the rows and labels that were asked for", () => {
    expect(rows).toHaveLength(shape.rows);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(shape.rows);
    expect(new Set(rows.map(({ text }) => text)).size).toBe(shape.rows);
    const labelled = rows.filter(({ labels }) => !labels.includes(-1));
    expect(labelled).toHaveLength(shape.labelled);
    expect(rows.filter(({ labels }) => labels.every((label) => label === -1))).toHaveLength(3_000);
    const counts = labelNames.map(
      (_: string, i: number) => labelled.filter(({ labels }) => labels[i] === 1).length,
    );
    expect(counts).toEqual(shape.positives);
    expect(labelled.filter(({ labels }) => labels[1] === 1 && labels[0] === 0)).toEqual([]);
    const both = labelled.filter(({ labels }) => labels[2] === 1 && labels[4] === 1).length;
    expect(both).toBeGreaterThan(150); // by chance there would be 26
  });

  it("are as long as the notebook's comments", () => {
    const lengths = rows.map(({ text }) => text.split(/\s+/).length);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    const deviation = Math.sqrt(
      lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length,
    );
    expect(Math.abs(mean / 67.2735 - 1)).toBeLessThan(0.05);
    expect(Math.abs(deviation / 99.2307 - 1)).toBeLessThan(0.08);
    expect(Math.max(...rows.map(({ text }) => text.length))).toBeLessThanOrEqual(5000);
  });

  it("are the same for the same seed", () => {
    const [first, again, other] = [1, 1, 2].map((seed) => lookAlikes(shape, seed).next().value);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("have Kaggle's sizes by default", () => {
    expect(shapes.train).toMatchObject({ rows: 159_571, labelled: 159_571 });
    expect(shapes.test).toMatchObject({ rows: 153_164, labelled: 63_978 });
  });
});

it("the small model has a row for every token, and every letter", () => {
  const { config, vocabulary } = smallModel();
  expect(config.vocab_size).toBe(vocabulary.length);
  expect(new Set(vocabulary).size).toBe(vocabulary.length);
  expect(vocabulary).toEqual(expect.arrayContaining(["[PAD]", "the", "##z", "9"]));
});
