import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitNames } from "../../../src/cli/names.js";

describe("splitNames", () => {
  it.each<[string, string[]]>([
    ["a, b,c", ["a", "b", "c"]],
    ['"a, b",c', ["a, b", "c"]],
    ['a,"say ""hi""", " x "', ["a", 'say "hi"', " x "]],
    ['say "hi",5" screen', ['say "hi"', '5" screen']],
    ['"two\nlines"', ["two\nlines"]],
    ['["a, b", "c"]', ["a, b", "c"]],
    ["[x],y", ["[x]", "y"]],
    ["a,", ["a", ""]],
  ])("reads %j", (text, names) => {
    expect(splitNames(text)).toEqual(names);
  });

  it("refuses a quote that is not closed", () => {
    expect(() => splitNames('a,"b,c')).toThrow(/The quote in "b,c is not closed/);
  });

  it("reads back any names in quotes and as JSON", () => {
    const names = fc.array(fc.string({ unit: "binary" }), { minLength: 1 });
    fc.assert(
      fc.property(names, (written) => {
        expect(splitNames(written.map((name) => `"${name.replaceAll('"', '""')}"`).join(","))).toEqual(
          written,
        );
        expect(splitNames(JSON.stringify(written))).toEqual(written);
      }),
    );
  });
});
