import { describe, expect, it } from "vitest";
import { datasetFromRows } from "../../../src/data/from-rows.js";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const rows = [
  { text: "x", a: 1 },
  { text: "y", a: 0 },
];
const table = () => fileOf("t.csv", "text,a\nx,1\ny,0\n");

/** Every public call that reads, with options of any kind. */
const calls: [string, (options: never) => unknown][] = [
  ["readDataset", (options) => readDataset(table(), options)],
  ["readTexts", (options) => readTexts(table(), options).next()],
  ["datasetFromRows", (options) => datasetFromRows(rows, options)],
];

describe.each(calls)("the options of %s", (name, call) => {
  const messageOf = async (options: unknown) => {
    const error = await errorOf(() => call(options as never));
    expect(error.code).toBe("INVALID_OPTION");
    return error.message;
  };

  it("are known by name, with a suggestion for one that is not", async () => {
    expect(await messageOf({ txt: "text" })).toMatch(/^unknown option "txt"; did you mean "text"\?/);
    expect(await messageOf({ labelsOf: "x" })).toMatch(/^unknown option "labelsOf"/);
    expect(await messageOf({ text: 5 })).toBe("option text is 5: expected a text");
    expect(await messageOf({ text: "" })).toBe("option text is '': expected the name of a column");
    expect(await messageOf({ signal: {} })).toMatch(/^option signal is {}: expected an AbortSignal/);
    expect(await messageOf({ onNote: "x" })).toMatch(/^option onNote is 'x': expected a function/);
    expect(await messageOf(null)).toMatch(/^the options are null: expected an object/);
  });

  it("have one of a few values where there are few", async () => {
    const choices =
      name === "datasetFromRows"
        ? { onBadRow: "error or skip" }
        : { quotes: "auto, csv or none", encodingErrors: "error or replace" };
    for (const [option, expected] of Object.entries(choices)) {
      expect(await messageOf({ [option]: "sometimes" })).toBe(
        `option ${option} is 'sometimes': expected ${expected}`,
      );
    }
    if (name !== "datasetFromRows") {
      expect(await messageOf({ format: "xlsx" })).toMatch(
        /^option format is 'xlsx': expected csv, tsv, jsonl, json, parquet or txt/,
      );
      expect(await messageOf({ header: 1 })).toBe("option header is 1: expected true or false");
    }
  });

  it("may be given as undefined", async () => {
    await call({ text: undefined, signal: undefined, id: undefined } as never);
  });
});

it("labels are a list of names, or for rows of a program one field", async () => {
  expect((await errorOf(() => readDataset(table(), { labels: "a" } as never))).message).toMatch(
    /^option labels is 'a': expected a list/,
  );
  expect((await errorOf(() => readDataset(table(), { labels: [1] } as never))).message).toMatch(
    /^option labels is \[ 1 \]: /,
  );
  expect((await errorOf(() => datasetFromRows(rows, { labels: 5 } as never))).message).toMatch(
    /^option labels is 5: expected a/,
  );
});

it("the format may be said where a file's name does not", async () => {
  const file = fileOf("table", "text,a\nx,1\ny,0\n");
  expect((await errorOf(() => readDataset(file))).message).toMatch(
    /is of an unknown kind; .*or the option format/,
  );
  expect((await readDataset(file, { format: "csv" })).dataset.labelNames).toEqual(["a"]);
});
