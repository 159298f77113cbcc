import { expect, it } from "vitest";
import { GrowingArray } from "../../../src/data/growing-array.js";

it.each([0, 1, 2 ** 14 - 1, 2 ** 14, 2 ** 14 + 1, 100_000])("holds %i numbers in order", (count) => {
  const numbers = new GrowingArray((length) => new Int32Array(length));
  for (let i = 0; i < count; i++) numbers.push(3 * i);
  const all = numbers.toArray();
  expect(all).toHaveLength(count);
  expect(all.every((number, i) => number === 3 * i)).toBe(true);
});
