import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countWords, describeLengths } from "../../../src/data/length-statistics.js";

describe("countWords", () => {
  it.each([
    ["", 0],
    [" \n\t", 0],
    ["one", 1],
    [" two  words\n", 2],
    ["a\u00a0b\u2003c\u3000d", 4],
    // Python splits here and not there; JavaScript's \s does it the other way round.
    ["a\u001cb\u0085c", 3],
    ["a\ufeffb\u200bc", 1],
  ])("counts %j as Python's str.split does", (text, words) => {
    expect(countWords(text)).toBe(words);
  });
});

describe("describeLengths", () => {
  it("has pandas' figures", () => {
    // pandas.Series([3, 1, 4, 1, 5, 9, 2, 6]): mean(), std(), quantile(...)
    const { mean, deviation, least, most, quantiles } = describeLengths(
      Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6),
    );
    expect(mean).toBe(3.875);
    expect(deviation).toBeCloseTo(2.748376143938713, 12);
    expect([least, most]).toEqual([1, 9]);
    const at = (share: number) => quantiles.find((quantile) => quantile.share === share)?.length;
    expect(at(0.25)).toBeCloseTo(1.75, 12);
    expect(at(0.5)).toBeCloseTo(3.5, 12);
    expect(at(0.9)).toBeCloseTo(6.9, 12);
  });

  it("takes a single row", () => {
    expect(describeLengths(Int32Array.of(7))).toMatchObject({ mean: 7, deviation: 0, least: 7, most: 7 });
  });

  it("has a histogram of all rows, without gaps, up to the longest", () => {
    const lengths = fc.array(fc.nat(3000), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(lengths, (values) => {
        const { histogram, least, most } = describeLengths(Int32Array.from(values));
        expect(histogram[0]!.from).toBe(least);
        expect(histogram.at(-1)!.to).toBe(most);
        for (const [i, bar] of histogram.entries()) {
          if (i > 0) expect(bar.from).toBe(histogram[i - 1]!.to + 1);
          expect(bar.rows).toBe(values.filter((value) => value >= bar.from && value <= bar.to).length);
        }
      }),
    );
  });
});
