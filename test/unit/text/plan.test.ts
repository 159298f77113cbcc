import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RaggedBatch } from "../../../src/text/batch.js";
import {
  gatherRows,
  longestFirst,
  rowCount,
  scatterRows,
  selectLabelledRows,
  selectRows,
  sliceTexts,
  textCount,
  trainingPlan,
} from "../../../src/text/plan.js";

function ragged(rows: readonly (readonly number[])[]): RaggedBatch {
  const offsets = Int32Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]);
  return { ids: Int32Array.from(rows.flat()), offsets };
}

function rowsOf({ ids, offsets }: RaggedBatch): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, i) =>
    Array.from(ids.slice(offsets[i], offsets[i + 1])),
  );
}

const anyRows = fc.array(fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 12 }), { maxLength: 40 });

describe("selectRows", () => {
  it("gathers any rows in any order, repeated or not", () => {
    const rows = fc.array(fc.array(fc.nat(99), { maxLength: 9 }), { minLength: 1, maxLength: 20 });
    const some = rows.chain((all) => fc.tuple(fc.constant(all), fc.array(fc.nat(all.length - 1))));
    fc.assert(
      fc.property(some, ([all, picked]) => {
        const batch = selectRows(ragged(all), Int32Array.from(picked));
        expect(rowsOf(batch)).toEqual(picked.map((row) => all[row]));
        expect(rowCount(batch)).toBe(picked.length);
        expect(batch).not.toHaveProperty("types");
      }),
    );
  });

  it("takes token types and targets along", () => {
    const source = {
      ...ragged([[1, 2], [3], []]),
      types: Int32Array.of(0, 1, 2),
      labels: Float32Array.of(1, 0, Number.NaN, 1, 0.5, 0),
    };
    const batch = selectLabelledRows(source, Int32Array.of(2, 1, 0));
    expect(rowsOf(batch)).toEqual([[], [3], [1, 2]]);
    expect(batch.types).toEqual(Int32Array.of(2, 0, 1));
    expect(batch.labels).toEqual(Float32Array.of(0.5, 0, Number.NaN, 1, 1, 0));
  });
});

describe("selectLabelledRows of texts with windows", () => {
  it("takes all windows of a text, its targets and its weight", () => {
    const source = {
      ...ragged([[1], [2, 2], [3], [4], [5]]),
      texts: Int32Array.of(0, 1, 3, 5), // [1] and [2, 2] [3] and [4] [5]
      labels: Float32Array.of(1, 0, Number.NaN),
      weights: Float32Array.of(1, 2, 3),
    };
    expect(textCount(source)).toBe(3);
    const batch = selectLabelledRows(source, Int32Array.of(2, 0));
    expect(rowsOf(batch)).toEqual([[4], [5], [1]]);
    expect(batch.texts).toEqual(Int32Array.of(0, 2, 3));
    expect(batch.labels).toEqual(Float32Array.of(Number.NaN, 1));
    expect(batch.weights).toEqual(Float32Array.of(3, 1));
  });
});

describe("trainingPlan", () => {
  it("cuts the permutation into batches, the last one smaller", () => {
    const plan = trainingPlan(Int32Array.of(4, 2, 0, 3, 1), 2);
    expect(plan).toEqual([Int32Array.of(4, 2), Int32Array.of(0, 3), Int32Array.of(1)]);
    expect(trainingPlan(new Int32Array(0), 2)).toEqual([]);
  });
});

describe("gatherRows", () => {
  it("takes rows of several batches, in the order given", () => {
    const [one, other] = [ragged([[1, 2], [3]]), ragged([[4], [], [5, 6]])];
    const batch = gatherRows([
      { source: other, rows: [2, 1] },
      { source: one, rows: [0] },
      { source: other, rows: [0] },
    ]);
    expect(rowsOf(batch)).toEqual([[5, 6], [], [1, 2], [4]]);
    expect(gatherRows([]).offsets).toEqual(Int32Array.of(0));
  });
});

describe("sliceTexts", () => {
  it("gives neighbouring texts as a batch of their own, with all of their windows", () => {
    const rows = [[1], [2, 2], [3], [4], [5]];
    const types = Int32Array.of(0, 1, 1, 2, 3, 4);
    expect(sliceTexts({ ...ragged(rows), types }, 1, 3)).toEqual({
      ...ragged(rows.slice(1, 3)),
      types: Int32Array.of(1, 1, 2),
    });
    const texts = Int32Array.of(0, 1, 3, 5);
    expect(sliceTexts({ ...ragged(rows), texts }, 1, 3)).toEqual({
      ...ragged(rows.slice(1)),
      texts: Int32Array.of(0, 2, 4),
    });
  });
});

describe("longestFirst", () => {
  it("orders rows by falling length, equal ones as they are", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const sorted = rows.map((_, i) => i).sort((a, b) => rows[b]!.length - rows[a]!.length || a - b);
        expect([...longestFirst(ragged(rows))]).toEqual(sorted);
      }),
    );
  });
});

describe("scatterRows", () => {
  it("undoes what selectRows does, for every width", () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 1, max: 3 }), (rows, width) => {
        const results = new Float32Array(rows.length * width).fill(Number.NaN);
        const order = longestFirst(ragged(rows));
        for (const batch of trainingPlan(order, 4)) {
          const values = Float32Array.from({ length: batch.length * width }, (_, i) => {
            return batch[Math.floor(i / width)]! * width + (i % width);
          });
          scatterRows(results, batch, values);
        }
        expect(results).toEqual(Float32Array.from(results, (_, i) => i));
      }),
    );
  });
});
