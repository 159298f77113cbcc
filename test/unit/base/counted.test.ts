import { describe, expect, it } from "vitest";
import { counted } from "../../../src/base/counted.js";

describe("counted", () => {
  it.each([
    [0, "0 rows"],
    [1, "1 row"],
    [2, "2 rows"],
    [1200, "1,200 rows"],
  ])("says %d rows as a sentence does", (count, expected) => {
    expect(counted(count, "row")).toBe(expected);
  });

  it("takes a plural that is not the thing with an s", () => {
    expect(counted(2, "process", "processes")).toBe("2 processes");
  });
});
