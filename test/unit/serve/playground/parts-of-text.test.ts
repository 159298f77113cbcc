import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partsOf } from "../../../../playground/parts-of-text.js";

const token = (start: number, end: number, contribution = 1) => ({ token: "t", start, end, contribution });

describe("partsOf", () => {
  it("has tokens, what lies between them, and what was cut", () => {
    expect(partsOf("my parcel is late", [token(0, 2, 0.5), token(3, 9, -1)], true)).toEqual([
      { text: "my", contribution: 0.5, cut: false },
      { text: " ", contribution: null, cut: false },
      { text: "parcel", contribution: -1, cut: false },
      { text: " is late", contribution: null, cut: true },
    ]);
  });

  it("makes up the text, also where tokens overlap, are empty or in any order", () => {
    const spans = fc.array(fc.tuple(fc.nat(30), fc.nat(10)));
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), spans, fc.boolean(), (text, places, cut) => {
        const tokens = places
          .map(([start, length]) => token(start, start + length))
          .filter(({ end }) => end <= text.length);
        const parts = partsOf(text, tokens, cut);
        expect(parts.map((part) => part.text).join("")).toBe(text);
        expect(parts.every((part) => part.text !== "")).toBe(true);
      }),
    );
  });
});
