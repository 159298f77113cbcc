// Columns that list labels, in the notations that people have them in.
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReadDatasetOptions } from "../../../src/data/options.js";
import { readDataset } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const nan = Number.NaN;

/** Reads cells of a column of lists: the names, each row's values, and what was said. */
async function read(cells: readonly unknown[], options: ReadDatasetOptions = {}) {
  const isText = cells.every((cell) => typeof cell === "string");
  const notes: string[] = [];
  const file = isText
    ? fileOf("t.csv", stringify([["text", "tags"], ...cells.map((cell, i) => [`text ${i}`, cell])]))
    : fileOf("t.jsonl", cells.map((cell, i) => JSON.stringify({ text: `text ${i}`, tags: cell })).join("\n"));
  const { dataset, droppedUnlabelled } = await readDataset(file, {
    labelColumn: "tags",
    onNote: (note) => notes.push(note),
    ...options,
  });
  const width = dataset.labelNames.length;
  const rows = Array.from(dataset.texts, (_, row) => [
    ...dataset.labels.subarray(row * width, (row + 1) * width),
  ]);
  return { names: dataset.labelNames, rows, notes: notes.join("\n"), dropped: droppedUnlabelled };
}

const refusal = async (cells: readonly unknown[], options?: ReadDatasetOptions) =>
  (await errorOf(() => read(cells, options))).message;

/** Rows with a and b, b, nothing, and a. */
const expected = [
  [1, 1],
  [0, 1],
  [0, 0],
  [1, 0],
];

describe("lists of names", () => {
  it.each<[string, unknown[]]>([
    ["JSON", ['["a", "b"]', '["b"]', "[]", '["a"]']],
    ["Python lists", ["['a', 'b']", "['b']", "[]", "['a', ]"]],
    ["Python tuples", ["('a', 'b')", "('b',)", "()", "('a',)"]],
    ["Python sets", ["{'a', 'b'}", "{'b'}", "set()", "{'a'}"]],
    ["frozen sets", ["frozenset({'a', 'b'})", "frozenset({'b'})", "frozenset()", "frozenset({'a'})"]],
    ["Python 2", ["[u'a', u'b']", "[u'b']", "[]", "[u'a']"]],
    ["NumPy", ["['a' 'b']", "['b']", "[]", "array(['a'], dtype=object)"]],
    ["words in brackets", ["[a, b]", "[b]", "[]", "[a]"]],
    ["pipes", ["a|b", "b", "", "|a|"]],
    ["semicolons", ["a;b", "b", "", "a;"]],
    ["semicolons and blanks", ["a; b", "b", "", "a"]],
    ["commas", ["a,b", "b", "", "a"]],
    ["commas and blanks", ["a, b", "b", " ", "a"]],
    ["blanks", ["a b", "b", "", "a"]],
    ["hashes", ["a#b", "b", "", "a"]],
    ["hashtags", ["#a #b", "#b", "", "#a"]],
    ["lines", ["a\nb", "b", "", "a"]],
    ["fastText", ["__label__a __label__b", "__label__b", "", "__label__a"]],
    ["fastText with commas", ["__label__a,__label__b", "__label__b", "", "__label__a"]],
    ["JSON dictionaries", ['{"a": true, "b": true}', '{"a": false, "b": true}', "{}", '{"a": true}']],
    ["Python dictionaries", ["{'a': True, 'b': 1}", "{'a': False, 'b': True}", "{}", "{'a': 1.0, 'b': 0}"]],
    ["arrays", [["a", "b"], ["b"], [], ["a"]]],
    ["objects", [{ a: true, b: 1 }, { b: 1, a: 0 }, {}, { a: true }]],
    ["strings in JSON", ["a|b", "b", "", ["a"]]],
  ])("are read as %s", async (_, cells) => {
    const { names, rows } = await read(cells);
    expect(names).toEqual(["a", "b"]);
    expect(rows).toEqual(expected);
  });

  it.each<[string, string[], string[]]>([
    [
      "escapes",
      [`['it\\'s', "don't", 'a,b', 'x\\ny', '\\u00e9\\\\']`],
      ["a,b", "don't", "it's", "x\ny", "é\\"],
    ],
    ["surrogate pairs of JSON", ['["\\ud83d\\ude00", "a/b"]'], ["a/b", "😀"]],
    ["names with blanks between semicolons", ["severe toxic; insult", "insult"], ["insult", "severe toxic"]],
    [
      "names with blanks",
      ["product defect", "late delivery", "refund"],
      ["late delivery", "product defect", "refund"],
    ],
    ["names with brackets", ["(other)|b", "{x}", "C#"], ["(other)", "C#", "b", "{x}"]],
    ["names in one cell", ["a"], ["a"]],
  ])("keep %s", async (_, cells, names) => {
    expect((await read(cells)).names).toEqual(names);
  });

  it("read back any names that JSON writes", async () => {
    const name = fc
      .string({ minLength: 1, unit: "binary" })
      .filter((text) => text.trim() !== "" && !/[\0\ud800-\udfff]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { minLength: 1 }), async (names) => {
        expect((await read([JSON.stringify(names)])).names).toEqual([...names].sort());
      }),
      { numRuns: 50 },
    );
  });

  it("say what separates names, unless it is said", async () => {
    expect((await read(["a,b", "b", "a"])).notes).toContain('in column "tags" labels are separated by ","');
    expect((await read(["a, b", "c"], { labelSeparator: "none" })).names).toEqual(["a, b", "c"]);
    expect((await read(["a / b", "c"], { labelSeparator: "/" })).names).toEqual(["a", "b", "c"]);
    expect((await read(["a b", "c d"], { labelSeparator: "blank" })).names).toEqual(["a", "b", "c", "d"]);
    expect((await read(["Health, safety", "Food"], { labels: ["Food", "Health, safety"] })).rows).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect((await read(["a b", "c,d"], { labels: ["a b", "c", "d"] })).rows).toEqual([
      [1, 0, 0],
      [0, 1, 1],
    ]);
  });

  it("are refused where nothing tells what separates them", async () => {
    expect(await refusal(["Health, safety", "Food"])).toMatch(
      /"Health, safety" in column "tags" may be one label or several; .*labelSeparator: ",", or another text, or none/,
    );
    expect(await refusal(["late delivery", "late refund", "other"])).toMatch(/labelSeparator: blank/);
    expect((await errorOf(() => read(["a"], { labelSeparator: "" }))).code).toBe("INVALID_OPTION");
  });

  it("do not take a separator for a part of a name because the first rows had none", async () => {
    const cells = [...new Array(10_001).fill("a"), "a;b"];
    expect(await refusal(cells)).toMatch(/line 10003: column "tags" lists "a;b", with ";" .*labelSeparator/);
    expect((await read(cells, { labelSeparator: ";" })).names).toEqual(["a", "b"]);
  });

  it.each([
    ["['a'", "b"],
    ["['a', 1]", "b"],
    ['["a", ""]', "b"],
    ["['a', ['b']]", "b"],
    ["{'a': 'yes'}", "b"],
    ["{'a': 2}", "b"],
  ])("refuse what is broken: %s", async (...cells) => {
    expect(await refusal(cells)).toMatch(/line 2: column "tags" (holds|gives the label "a" the value)/);
  });
});

describe("missing lists", () => {
  it.each(["NA", "N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", " nan "])("are %j", async (cell) => {
    const { names, dropped, rows } = await read(["a|b", cell, "b"]);
    expect({ names, dropped, rows: rows.length }).toEqual({ names: ["a", "b"], dropped: 1, rows: 2 });
  });

  it("are not labels of that name, and not empty lists", async () => {
    expect((await read(["None", "a"], { labels: ["None", "a"] })).dropped).toBe(0);
    expect((await read(["none", "a", "none|a"])).names).toEqual(["a", "none"]);
    expect((await read(["", "a", "[]", "{}"])).rows).toEqual([[0], [1], [0], [0]]);
    expect((await read(['{"a": null, "b": 1}', '{"a": 0.25, "b": -1}'])).rows).toEqual([
      [nan, 1],
      [0.25, nan],
    ]);
  });
});

describe("lists of numbers", () => {
  const labels = ["x", "y", "z"];

  it.each<[string, unknown[]]>([
    ["lists", ["[1, 0, 0]", "[0, 1, 1]"]],
    ["tuples", ["(1,0,0)", "(0,1,1)"]],
    ["blanks", ["1 0 0", "0 1 1"]],
    ["commas", ["1,0,0", "0,1,1"]],
    ["NumPy", ["[1 0 0]", "[0. 1. 1.]"]],
    ["booleans", ["[True, False, False]", "[False, True, True]"]],
    [
      "arrays",
      [
        [1, 0, 0],
        [0, 1, 1],
      ],
    ],
  ])("are values for each label, as %s", async (_, cells) => {
    const { names, rows, notes } = await read(cells, { labels });
    expect(names).toEqual(labels);
    expect(rows).toEqual([
      [1, 0, 0],
      [0, 1, 1],
    ]);
    expect(notes).toMatch(/multi-hot/);
  });

  it("are soft or missing values", async () => {
    expect((await read(["[0.5, 0, -1]", "[1, 0.25, 0]"], { labels })).rows).toEqual([
      [0.5, 0, nan],
      [1, 0.25, 0],
    ]);
  });

  it.each<[string, unknown[]]>([
    ["lists", ["[0]", "[]", "[1, 2]"]],
    ["commas", ["0", "", "1,2"]],
    ["arrays and numbers", [0, [], [1, 2]]],
  ])("are ids, as %s", async (_, cells) => {
    const rows = [
      [1, 0, 0],
      [0, 0, 0],
      [0, 1, 1],
    ];
    const byOrder = await read(cells, { labels });
    expect(byOrder).toMatchObject({ names: labels, rows });
    expect(byOrder.notes).toMatch(/numbers are ids of labels/);
    for (const [name, content] of [
      ["names.txt", "x\ny\nz\n"],
      ["names.csv", "id,name\n2,z\n0,x\n1,y\n"],
      ["names.json", '["x", "y", "z"]'],
      ["config.json", '{"id2label": {"0": "x", "1": "y", "2": "z"}}'],
      ["label2id.json", '{"z": 2, "x": 0, "y": 1}'],
    ] as const) {
      expect(await read(cells, { labelNames: fileOf(name, content) })).toMatchObject({ names: labels, rows });
    }
  });

  it("are ids that a file gives, whatever they are", async () => {
    const labelNames = fileOf("names.json", '{"10": "x", "1152921504606846977": "z", "7": "y"}');
    const { names, rows } = await read(["[7, 1152921504606846977]", "10"], { labelNames });
    expect(names).toEqual(["y", "x", "z"]);
    expect(rows).toEqual([
      [1, 0, 1],
      [0, 1, 0],
    ]);
    expect(await refusal(["[8]"], { labelNames })).toMatch(
      /holds the id 8, which no label has; expected one of 7, 10, /,
    );
  });

  it("need names, or the word that they are names", async () => {
    expect(await refusal(["[1, 0, 0]", "[0, 0, 1]"])).toMatch(
      /column "tags" holds numbers, such as "\[1, 0, 0\]"; .*multi-hot.*labels.*labelNames.*labelFormat: names/,
    );
    expect((await read(["[3]", "3|7"], { labelFormat: "names" })).names).toEqual(["3", "7"]);
    expect((await read(['["3"]', '["7"]'])).names).toEqual(["3", "7"]);
    expect((await read(["3,7", "7"], { labels: ["3", "7"] })).rows).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });

  it("are refused where they may be both, and where they are neither", async () => {
    const two = { labels: ["x", "y"] };
    expect(await refusal(["[0, 1]", "[1, 0]"], two)).toMatch(
      /may be ids.*or values.*labelFormat: ids or multi-hot/,
    );
    expect((await read(["[0, 1]"], { ...two, labelFormat: "ids" })).rows).toEqual([[1, 1]]);
    expect((await read(["[0, 1]"], { ...two, labelFormat: "multi-hot" })).rows).toEqual([[0, 1]]);
    expect(await refusal(["0.25", "0.75"], { labels })).toMatch(
      /holds numbers.*neither ids of labels nor values/,
    );
    expect(await refusal(["[0, 3]", "[1]"], { labels })).toMatch(/line 2: .*holds the id 3.*expected 0 to 2/);
    expect(await refusal(["[1, 0, 1]", "[1, 0]"], { labels, labelFormat: "multi-hot" })).toMatch(
      /line 3: column "tags" holds "\[1, 0\]"; expected 3 numbers from 0 to 1/,
    );
  });
});

describe("files with names of labels", () => {
  it("name label columns, too", async () => {
    const file = fileOf("t.csv", 'text,"a,b",c,d\nx,1,0,1\n');
    const { dataset } = await readDataset(file, { labelNames: fileOf("names.txt", '"a,b"\r\nd\r\n') });
    expect(dataset.labelNames).toEqual(["a,b", "d"]);
  });

  it.each([
    ["names.txt", "", /is empty/],
    ["names.txt", "a\n\nb\n", /line 2 is blank/],
    ["names.txt", "a\nb\na\n", /has the name "a" twice/],
    ["names.csv", "0,a\n0,b\n", /has an id twice/],
    ["names.json", '["a", 1]', /element 1 is no name/],
    ["names.json", '{"a": "b"}', /other fields than names by id/],
    ["names.json", "[", /is not valid JSON/],
  ])("are refused when they are none: %s %j", async (name, content, problem) => {
    expect(await refusal(["[0]"], { labelNames: fileOf(name, content) })).toMatch(problem);
  });
});

describe("columns of lists that are not named", () => {
  it("are found where text writes them as JSON or Python does", async () => {
    const options = { labelColumn: undefined };
    expect((await read(["['a', 'b']", "nan", "[]"], options)).names).toEqual(["a", "b"]);
    expect((await read(['{"a": true, "b": 0.5}'], options)).rows).toEqual([[1, 0.5]]);
  });

  it("are guessed by their names where the cells leave it open", async () => {
    expect(await refusal(["a|b", "b"], { labelColumn: undefined })).toMatch(
      /no label column, .*or a column of lists with labelColumn, such as "tags" \(its columns/,
    );
  });
});
