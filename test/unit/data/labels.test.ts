import { describe, expect, it } from "vitest";
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
