// Rows of a step dealt to micro-batches, by tokens.
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { dealTokens } from "../../../src/text/plan.js";

function textsOf(lengths: readonly number[]) {
  const offsets = new Int32Array(lengths.length + 1);
  for (const [i, length] of lengths.entries()) offsets[i + 1] = offsets[i]! + length;
  return { ids: new Int32Array(offsets.at(-1)!), offsets };
}

const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
const lists = (dealt: readonly Int32Array[]) => dealt.map((part) => [...part]);

describe("dealing rows", () => {
  it("gives the longest first, always to the part with the fewest tokens, and keeps their order", () => {
    expect(lists(dealTokens(textsOf([3, 9, 4, 1, 8]), all(5), 2))).toEqual([
      [0, 1, 3],
      [2, 4],
    ]);
    expect(lists(dealTokens(textsOf([3, 9, 4, 1, 8]), Int32Array.of(4, 0, 3), 2))).toEqual([[4], [0, 3]]);
  });

  it("leaves only the last parts empty", () => {
    expect(lists(dealTokens(textsOf([5, 5]), all(2), 4))).toEqual([[0], [1], [], []]);
  });

  it("gives one part the rows as they are", () => {
    const rows = Int32Array.of(2, 0, 1);
    expect(dealTokens(textsOf([1, 2, 3]), rows, 1)).toEqual([rows]);
  });

  it("counts all windows of a text", () => {
    const tokens = { ...textsOf([2, 2, 2, 5]), texts: Int32Array.of(0, 3, 4) };
    expect(lists(dealTokens(tokens, all(2), 2))).toEqual([[0], [1]]);
    const alone = { ...textsOf([2, 2, 2, 5, 1]), texts: Int32Array.of(0, 3, 4, 5) };
    expect(lists(dealTokens(alone, all(3), 2))).toEqual([[0], [1, 2]]);
  });

  it("keeps the parts within the longest row of each other", () => {
    const random = generator(1, "deal");
    const lengths = Array.from({ length: 64 }, () => 1 + random.below(100));
    const dealt = dealTokens(textsOf(lengths), all(64), 8);
    const totals = dealt.map((part) => part.reduce((sum, row) => sum + lengths[row]!, 0));
    expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(100);
    expect(dealt.flatMap((part) => [...part]).sort((a, b) => a - b)).toEqual([...all(64)]);
  });
});
