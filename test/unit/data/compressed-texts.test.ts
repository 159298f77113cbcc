import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompressedTexts, chunksOf, firstOccurrences } from "../../../src/data/compressed-texts.js";

/** Texts of which some are equal and some fill a block by themselves. */
const anyTexts = fc.array(
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "again", "\ud800 half a pair", "\u0000\r\n\u2028"),
    fc.integer({ min: 30_000, max: 70_000 }).map((length) => "long".padEnd(length, "é")),
  ),
  { maxLength: 30 },
);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("CompressedTexts", () => {
  it("gives back what was pushed, in order and by number", () => {
    fc.assert(
      fc.property(anyTexts, fc.array(fc.nat(35)), (texts, jumps) => {
        const packed = CompressedTexts.from(texts);
        expect(packed.length).toBe(texts.length);
        expect([...packed]).toEqual(texts);
        expect([...packed.entries()]).toEqual([...texts.entries()]);
        for (const index of jumps) {
          expect(packed.at(index)).toBe(texts[index]);
          expect(packed[index]).toBe(texts[index]);
          expect(packed.at(-index)).toBe(texts.at(-index));
        }
        expect(JSON.stringify({ packed })).toBe(JSON.stringify({ packed: texts }));
      }),
      { numRuns: 50 },
    );
  });

  it("has nothing else that an object lacks", () => {
    const packed = CompressedTexts.from(["a", "b"]);
    expect(packed["1" as never]).toBe("b");
    for (const key of ["-1", "01", "1.5", "map", "then", Symbol.asyncIterator])
      expect(packed[key as never]).toBeUndefined();
    expect(Object.hasOwn(packed, "length")).toBe(false);
    expect(String(packed)).toBe("[object Object]");
    expect(packed).toBeInstanceOf(CompressedTexts);
  });

  it("takes less than half of the memory of words, whatever the heap holds besides", () => {
    const words = "this parcel was never delivered although money has been paid to your shop".split(" ");
    const textOf = (row: number) =>
      Array.from(
        { length: 30 },
        (_, i) => words[(row * 31 + i * i * 7 + ((row * i) >> 3)) % words.length],
      ).join(" ");
    const before = process.memoryUsage();
    const packed = new CompressedTexts();
    let characters = 0;
    for (let row = 0; row < 100_000; row++) {
      packed.push(textOf(row));
      characters += packed.at(row)!.length;
    }
    collectGarbage(); // Node 24 leaves what was unpacked on the way lying about for longer
    collectGarbage(); // waits for what the first one frees on another thread
    const after = process.memoryUsage();
    expect(after.external - before.external).toBeLessThan(characters / 2);
    expect(packed.at(70_001)).toBe(textOf(70_001));
  });
});

it("chunksOf hands out every text once, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 5 }), (texts, size) => {
      const chunks = [...chunksOf(texts, size)];
      expect(chunks.flat()).toEqual(texts);
      for (const chunk of chunks.slice(0, -1)) expect(chunk).toHaveLength(size);
    }),
  );
});

it("firstOccurrences finds the first text that is equal", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 200 }), (texts) => {
      expect([...firstOccurrences(texts)]).toEqual(texts.map((text) => texts.indexOf(text)));
    }),
  );
  expect(firstOccurrences([])).toHaveLength(0);
});
