import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { datasetFromRows } from "../../../src/data/from-rows.js";
import { readDataset } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const nan = Number.NaN;

async function* later<T>(rows: Iterable<T>) {
  for (const row of rows) {
    await setTimeout(0);
    yield row;
  }
}

const messageOf = async (...parameters: Parameters<typeof datasetFromRows>) => {
  const error = await errorOf(() => datasetFromRows(...parameters));
  return `${error.code}: ${error.message}`;
};

const lists = [
  { text: "one", labels: ["b", "a"] },
  { text: "two", labels: [] },
  { text: "three", labels: null },
  { text: "four", labels: ["c"] },
];

describe("datasetFromRows", () => {
  it("gives the dataset that the same rows in a file give", async () => {
    const rows = [
      { id: "x", text: "one", a: 1, b: 0, author: "me", w: 0.5 },
      { id: "y", text: "two", a: null, b: 1, author: "you", w: 2 },
      { id: "z", text: "three", a: 0, b: 0.25, author: "me", w: 1 },
    ];
    const options = { text: "text", labels: ["a", "b"], weight: "w", group: "author", id: "id" } as const;
    const file = fileOf("rows.json", JSON.stringify(rows));
    const { dataset, ...rest } = await datasetFromRows(rows, { ...options, name: file });
    expect({ dataset, ...rest }).toEqual(await readDataset(file, options));
    expect([...dataset.labels]).toEqual([1, 0, nan, 1, 0, 0.25]);
    expect([...dataset.weights!]).toEqual([0.5, 2, 1]);
    expect([...dataset.groups!]).toEqual(["me", "you", "me"]);
    expect(dataset).toMatchObject({ lines: Int32Array.of(1, 2, 3), lineUnit: "row" });
  });

  it("finds fields of 0 and 1, lists of names, and objects of values", async () => {
    const columns = await datasetFromRows([
      { id: 7n, text: "one", a: true, b: 0 },
      { id: 2n ** 60n, text: "two", a: false, b: 1 },
    ]);
    expect(columns.dataset).toMatchObject({ source: "rows", labelNames: ["a", "b"] });
    expect([...columns.dataset.labels]).toEqual([1, 0, 0, 1]);
    expect([...columns.dataset.ids!]).toEqual(["7", "1152921504606846976"]);

    const listed = await datasetFromRows(lists);
    expect(listed.dataset.labelNames).toEqual(["a", "b", "c"]);
    expect([...listed.dataset.labels]).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 1]);
    expect(listed).toMatchObject({ droppedUnlabelled: 1, dataset: { lines: Int32Array.of(1, 2, 4) } });

    const objects = await datasetFromRows([
      { text: "one", labels: { b: 0.7, a: true } },
      { text: "two", labels: { c: null } },
      { text: "three", labels: {} },
      { text: "four", labels: ["a"] },
      { text: "five", labels: null },
    ]);
    expect(objects.dataset.labelNames).toEqual(["a", "b", "c"]);
    expect([...objects.dataset.labels].map((x) => Math.round(10 * x) / 10)).toEqual([
      ...[1, 0.7, 0],
      ...[0, 0, nan],
      ...[0, 0, 0],
      ...[1, 0, 0],
    ]);
    expect(objects.droppedUnlabelled).toBe(1);
  });

  it("takes names in their order, and the field that holds them", async () => {
    const tagged = lists.map(({ text, labels }) => ({ body: text, tags: labels, flags: ["x"] }));
    const found = await datasetFromRows(tagged, { text: "body", labels: "tags" });
    expect(found.dataset.labelNames).toEqual(["a", "b", "c"]);
    const named = { text: "body", labels: ["c", "b", "a", "never"], labelColumn: "tags" } as const;
    const { dataset } = await datasetFromRows(tagged, named);
    expect(dataset.labelNames).toEqual(["c", "b", "a", "never"]);
    expect([...dataset.labels.subarray(0, 4)]).toEqual([0, 1, 1, 0]);
    const only = await datasetFromRows(lists, { labels: ["c", "b", "a"] });
    expect(only.dataset.labelNames).toEqual(["c", "b", "a"]);
    const sets = [
      { text: "x", labels: new Set(["a"]) },
      { text: "y", labels: new Map([["b", 0.5]]) },
    ];
    expect([...(await datasetFromRows(sets)).dataset.labels]).toEqual([1, 0, 0, 0.5]);
  });

  it.each<[string, () => Iterable<object> | AsyncIterable<object>]>([
    ["an array", () => lists],
    ["a set", () => new Set(lists)],
    ["a generator", () => lists.values()],
    ["an async generator", () => later(lists)],
    [
      "a web stream",
      () =>
        new Blob([]).stream().pipeThrough(
          new TransformStream({
            flush: (stream) => {
              for (const row of lists) stream.enqueue(row as never);
            },
          }),
        ) as AsyncIterable<object>,
    ],
  ])("takes rows from %s", async (_, rows) => {
    expect([...(await datasetFromRows(rows())).dataset.texts]).toEqual(["one", "two", "four"]);
  });

  it("names the row, the field and what was expected", async () => {
    const good = { text: "x", a: 1 };
    expect(await messageOf([good, { text: 7, a: 1 }])).toBe(
      'INVALID_DATA: rows, row 2: column "text" holds 7; expected a string',
    );
    expect(await messageOf([good, { a: 1 }], { name: "tickets" })).toBe(
      'INVALID_DATA: tickets, row 2: column "text" is not there; expected a string',
    );
    expect(await messageOf([good, { text: "y", a: 1.5 }], { labels: ["a"] })).toMatch(
      /^INVALID_DATA: rows, row 2: column "a" holds 1.5; expected a number from 0 to 1/,
    );
    for (const [row, shown] of [
      [null, "null"],
      ["text", '"text"'],
      [[1], "[1]"],
      [undefined, "undefined"],
    ] as const) {
      expect(await messageOf([good, row as never])).toBe(
        `INVALID_DATA: rows, row 2: is ${shown}; expected an object, such as { text: "..." }`,
      );
    }
    const circle: Record<string, unknown> = { a: 1 };
    circle.text = circle;
    expect(await messageOf([good, circle])).toMatch(
      /row 2: column "text" holds <ref \*1>.*expected a string/,
    );
    expect(await messageOf([good, { text: Symbol("x"), a: 1 }])).toMatch(
      /row 2: column "text" holds Symbol\(x\);/,
    );
    expect(
      await messageOf([
        { text: "x", labels: { a: 1 } },
        { text: "y", labels: { a: 2 } },
      ]),
    ).toMatch(/rows, row 2: column "labels" gives the label "a" the value 2; expected a number from 0 to 1/);
    expect(
      await messageOf([
        { text: "x", labels: { a: 1 } },
        { text: "y", labels: 5 },
      ]),
    ).toMatch(/rows, row 2: column "labels" holds 5; expected a list such as.*or an object/);
    expect(await messageOf(lists, { labels: ["a", "b", "ccc", "cc"] })).toMatch(
      /rows, row 4: column "labels" lists an unknown label "c"; did you mean "a"\?/,
    );
  });

  it("refuses options that name what is not there, and rows that are none", async () => {
    expect(await messageOf(lists, { text: "txt" } as never)).toMatch(
      /^INVALID_OPTION: option text names the column "txt", which rows does not have; did you mean "text"\?/,
    );
    expect(await messageOf([])).toBe("INVALID_DATA: rows has no rows");
    for (const rows of [null, 5, { text: "x" }, "text"]) {
      expect(await messageOf(rows as never)).toMatch(/expected an array or iterable of objects/);
    }
  });

  it("refuses to choose between lists and fields of 0 and 1, unless the lists are called labels", async () => {
    const rows = [
      { text: "a text", tokens: ["a", "text"], spam: 1 },
      { text: "x", tokens: ["x"], spam: 0 },
    ];
    expect(await messageOf(rows)).toBe(
      "INVALID_DATA: rows may have its labels in spam, tokens; name the one with lists or objects of labels (labelColumn), or those with 0 and 1 (labels)",
    );
    expect((await datasetFromRows(rows, { labels: ["spam"] })).dataset.labelNames).toEqual(["spam"]);
    const named = rows.map(({ tokens, ...row }) => ({ ...row, labels: tokens }));
    expect((await datasetFromRows(named)).dataset.labelNames).toEqual(["a", "text", "x"]);
  });

  it("leaves bad rows out and counts them when told to", async () => {
    const rows = [{ text: "x", a: 1 }, null, { text: 5, a: 1 }, { text: "y", a: 0 }] as never;
    const { dataset, skipped, skippedCount } = await datasetFromRows(rows, { onBadRow: "skip" });
    expect([...dataset.texts]).toEqual(["x", "y"]);
    expect([...dataset.lines!]).toEqual([1, 4]);
    expect(skippedCount).toBe(2);
    expect(skipped).toContainEqual({
      file: "rows",
      line: 3,
      unit: "row",
      reason: 'column "text" holds 5; expected a string',
    });
  });

  it("can be given up, also while a row is awaited, and closes the rows", async () => {
    const reason = new Error("enough");
    await expect(datasetFromRows(lists, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const closed: string[] = [];
    const forever = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          closed.push("forever");
          return { done: true as const, value: undefined };
        },
      }),
    };
    const waiting = new AbortController();
    const read = datasetFromRows(forever, { signal: waiting.signal });
    setImmediate(() => waiting.abort(reason));
    await expect(read).rejects.toBe(reason);

    function* endless() {
      try {
        for (;;) yield { text: "x", a: 1 };
      } finally {
        closed.push("endless");
      }
    }
    const busy = new AbortController();
    const reading = datasetFromRows(endless(), { signal: busy.signal });
    setImmediate(() => busy.abort(reason));
    await expect(reading).rejects.toBe(reason);
    expect(closed).toEqual(["forever", "endless"]);
  });

  it("passes on what the rows throw, and closes them after a bad row", async () => {
    const fault = new Error("connection lost");
    async function* rows(throws: boolean) {
      try {
        yield { text: "x", a: 1 };
        if (throws) throw fault;
        yield { text: 5, a: 1 };
        yield { text: "y", a: 1 };
      } finally {
        closed++;
      }
    }
    let closed = 0;
    await expect(datasetFromRows(rows(true))).rejects.toBe(fault);
    await expect(datasetFromRows(rows(false))).rejects.toThrow(/row 2/);
    expect(closed).toBe(2);
  });
});

describe("a list or object of labels in a file", () => {
  it("is found in JSON Lines as in the rows of a program", async () => {
    const content = lists.map((row) => JSON.stringify(row)).join("\n");
    const { dataset } = await readDataset(fileOf("t.jsonl", content));
    expect(dataset.labelNames).toEqual(["a", "b", "c"]);
    const objects = '{"text":"x","labels":{"a":0.5,"b":1}}\n{"text":"y","labels":{"a":null}}\n';
    const soft = await readDataset(fileOf("t.jsonl", objects));
    expect([...soft.dataset.labels]).toEqual([0.5, 1, nan, 0]);
  });
});
