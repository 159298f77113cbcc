import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelFields, readLabels } from "../../../src/model/labels.js";

const read = (config: object) => readLabels(config as Record<string, unknown>, "config.json");

describe("readLabels", () => {
  it("reads back every list of different names", () => {
    const unit = fc.constantFrom("a", "1", " ", "é", "😀", "__proto__", "constructor", '"');
    const names = fc.uniqueArray(fc.string({ unit }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(names, (labels) => {
        const config = JSON.parse(JSON.stringify({ ...labelFields(labels), num_labels: labels.length }));
        expect(read(config).names).toEqual(labels);
      }),
    );
  });

  it("counts placeholders as unnamed", () => {
    expect(read({})).toEqual({ names: ["LABEL_0", "LABEL_1"], named: false });
    expect(read({ _num_labels: 3 })).toEqual({ names: ["LABEL_0", "LABEL_1", "LABEL_2"], named: false });
    expect(read({ id2label: { 0: "LABEL_0" }, label2id: { LABEL_0: 0 } }).named).toBe(false);
    expect(read({ id2label: { 0: "LABEL_1", 1: "LABEL_0" } }).named).toBe(true);
  });

  it.each([
    ["numbers as names", { id2label: { 0: 10, 1: -1.5 }, label2id: { 10: 0, "-1.5": 1 } }, ["10", "-1.5"]],
    [
      "switches as names",
      { id2label: { 0: false, 1: true }, label2id: { false: 0, true: 1 } },
      ["false", "true"],
    ],
    ["a name of nothing", { id2label: { 0: "", 1: " " } }, ["", " "]],
    ["keys in any order", { id2label: { 1: "b", 0: "a" } }, ["a", "b"]],
    ["keys as Python reads numbers", { id2label: { " 0": "a", "+1": "b", "02": "c" } }, ["a", "b", "c"]],
    ["ids as texts", { id2label: { 0: "a", 1: "b" }, label2id: { a: "0", b: "1" } }, ["a", "b"]],
    [
      "ids of placeholders",
      { id2label: { 0: "a", 1: "b" }, label2id: { LABEL_0: 0, LABEL_1: 1 } },
      ["a", "b"],
    ],
    ["empty fields", { id2label: {}, label2id: {}, num_labels: 1 }, ["LABEL_0"]],
    ["fields that are null", { id2label: null, label2id: null }, ["LABEL_0", "LABEL_1"]],
  ])("takes %s", (_, config, names) => {
    expect(read(config).names).toEqual(names);
  });

  it.each([
    ["a gap", { id2label: { 0: "a", 2: "b" } }, "none for 1"],
    ["a key that is no number", { id2label: { a: "a" } }, "none for 0"],
    ["one number under two keys", { id2label: { 0: "a", "00": "b" } }, "none for 1"],
    ["a name that is null", { id2label: { 0: null } }, "null for 0; expected a name"],
    ["a name that is a list", { id2label: { 0: ["a"] } }, '["a"] for 0; expected a name'],
    ["a number and its text as names", { id2label: { 0: 1, 1: "1" } }, 'two labels "1"'],
    ["a list", { id2label: ["a", "b"] }, 'must map "0"'],
    ["two equal names", { id2label: { 0: "a", 1: "a" } }, 'two labels "a"'],
    ["another number", { id2label: { 0: "a" }, num_labels: 2 }, "num_labels is 2"],
    ["a broken number", { num_labels: 1.5 }, "num_labels is 1.5"],
    ["a number as text", { num_labels: "2" }, 'num_labels is "2"'],
    ["no labels", { num_labels: 0 }, "num_labels is 0"],
    ["a billion labels", { num_labels: 1e9 }, "expected a whole number"],
    ["another reverse", { id2label: { 0: "a", 1: "b" }, label2id: { a: 1, b: 0 } }, 'see "a"'],
    ["a shorter reverse", { id2label: { 0: "a", 1: "b" }, label2id: { a: 0 } }, 'see "b"'],
    ["a longer reverse", { id2label: { 0: "a" }, label2id: { a: 0, b: 1 } }, "other entries"],
    ["a reverse that is no object", { id2label: { 0: "a" }, label2id: "a" }, "not the reverse"],
    ["a reverse of other names", { id2label: { 0: "a" }, label2id: { b: 0 } }, 'see "a"'],
  ])("refuses %s", (_, config, problem) => {
    expect(() => read(config)).toThrow(problem);
    expect(() => read(config)).toThrow("config.json: ");
  });
});
