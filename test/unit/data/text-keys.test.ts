import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { KeySet, plainText, textKeys } from "../../../src/data/text-keys.js";

describe("texts that are nearly equal", () => {
  it.each([
    ["Where is my parcel?", "where is my  parcel"],
    ["  HELLO,\tworld!\r\n", "hello world"],
    ["Réunion – à 8 h", "re\u0301union a\u0300 8 h".normalize("NFD")],
    ["ＡＢＣ １２３", "abc 123"],
    ["“quoted” don’t", "quoted don t"],
  ])("have one key: %j, %j", async (one, other) => {
    const [first, second] = await textKeys([one, other]);
    expect(first).toBe(second);
  });

  it.each([
    ["where is my parcel", "where is your parcel"],
    ["👍", "👎"],
    ["!!!", "???"],
    ["+1", "1"],
    ["ab", "a b"],
    ["résumé", "resume"],
  ])("are not those: %j, %j", async (one, other) => {
    const [first, second] = await textKeys([one, other]);
    expect(first).not.toBe(second);
  });

  it("are compared without holding the event loop", async () => {
    let turns = 0;
    let done = false;
    const keys = textKeys(Array.from({ length: 2000 }, (_, i) => `text ${i}`)).finally(() => {
      done = true;
    });
    for (; !done; turns++) await setImmediate();
    expect(new Set(await keys).size).toBe(2000);
    expect(turns).toBeGreaterThan(5);
    expect(plainText("Ünï—CODE")).toBe("ünï code");
  });
});

describe("a set of keys", () => {
  const texts = Array.from({ length: 300 }, (_, i) => `text number ${i % 250}`);
  const others = Array.from({ length: 400 }, (_, i) => `TEXT, number ${i + 100}!`);

  it("counts the rows of another table that have one of its texts", async () => {
    const set = KeySet.of(await textKeys(texts));
    expect(set.size).toBe(250);
    expect(set.count(await textKeys(others))).toEqual({ rows: 150, exact: true });
    expect(set.count(await textKeys([]))).toEqual({ rows: 0, exact: true });
    expect(set.count(await textKeys([texts[0]!, texts[0]!, "x"]))).toEqual({ rows: 2, exact: true });
  });

  it("is the same after it was written and read", async () => {
    const set = KeySet.of(await textKeys(texts));
    const read = KeySet.fromStored(JSON.parse(JSON.stringify(set.stored())))!;
    expect(read.count(await textKeys(others))).toEqual({ rows: 150, exact: true });
    expect(read.stored()).toEqual(set.stored());
  });

  it("of too many texts is a sample, which gives an estimate", async () => {
    const many = await textKeys(Array.from({ length: 20_000 }, (_, i) => `many ${i}`));
    const set = KeySet.fromStored(JSON.parse(JSON.stringify(KeySet.of(many).stored(2000))))!;
    expect(set.size).toBe(20_000);
    const half = await textKeys(Array.from({ length: 10_000 }, (_, i) => `many ${2 * i + (i % 2) * 40_000}`));
    const { rows, exact } = set.count(half);
    expect(exact).toBe(false);
    // 5,000 of 10,000, told from about 1,000 of them: 5 standard deviations.
    expect(Math.abs(rows - 5000)).toBeLessThan(5 * 10_000 * Math.sqrt(0.25 / 1000));
    expect(set.count(many)).toEqual({ rows: 20_000, exact: false });
  });

  it.each([
    null,
    "text",
    {},
    { distinct: 1, keys: 5 },
    { distinct: 0, keys: "AAAAAAAA" },
    { distinct: 5, keys: "AAAA" },
    { distinct: 2, keys: Buffer.from("ffffffffffff000000000000", "hex").toString("base64") },
  ])("is not read from %j", (value) => {
    expect(KeySet.fromStored(value)).toBeNull();
  });
});
