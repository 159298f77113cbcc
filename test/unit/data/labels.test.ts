import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLabelList } from "../../../src/data/label-lists.js";
import { parseLabel } from "../../../src/data/labels.js";

describe("parseLabel", () => {
  it.each([
    [0, ["0", "0.0", "0.000", " 0 ", "false", "False", 0, false]],
    [1, ["1", "1.0", "1.00", "1.", "TRUE", "true", 1, true]],
    [Number.NaN, ["", "  ", "-1", "-1.00", null, undefined, -1]],
    [Number.NaN, ["NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", " NA "]],
    [undefined, ["2", "0.5", "yes", "01", "1e0", "0x1", "1.01", "NAN1", "-", 0.5, 2, [], [1], {}]],
  ])("reads %j", (label, cells) => {
    for (const cell of cells) expect(parseLabel(cell)).toBe(label);
  });
});

describe("parseLabelList", () => {
  it.each<[unknown, string[] | undefined]>([
    ['["a", "b c"]', ["a", "b c"]],
    ["['a','b']", ["a", "b"]],
    [`['it\\'s', "don't", 'a,b', ]`, ["it's", "don't", "a,b"]],
    ["a|b", ["a", "b"]],
    [" a | b |", ["a", "b"]],
    ["a", ["a"]],
    ["", []],
    ["[]", []],
    [["a"], ["a"]],
    ["[1, 2]", undefined],
    ["['a' 'b']", undefined],
    ["['a', b]", undefined],
    ["['a'", undefined],
    ['["a", ""]', undefined],
    [["a", 1], undefined],
    [7, undefined],
    [{ a: 1 }, undefined],
  ])("reads %j", (cell, names) => {
    expect(parseLabelList(cell)).toEqual(names);
  });

  it("reads back any JSON list of names", () => {
    const name = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(parseLabelList(JSON.stringify(names))).toEqual(names);
      }),
    );
  });
});
