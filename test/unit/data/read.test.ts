import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ReadDatasetOptions } from "../../../src/data/options.js";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const nan = Number.NaN;
const realRows = "../shared/data/jigsaw-3000.csv";

const read = (content: string, options?: ReadDatasetOptions, name = "t.csv") =>
  readDataset(fileOf(name, content), options);
const messageFor = async (content: string, options?: ReadDatasetOptions, name?: string) =>
  (await errorOf(() => read(content, options, name))).message;

describe("readDataset", () => {
  it("finds id, text and labels and reads every row", async () => {
    const { dataset, ...rest } = await read(
      'id,text,a,stars,b\nx1,"one\ntwo",1,5,-1\nx2,three,0.0,1,True\nx3,,,2,0\n',
    );
    expect(dataset).toMatchObject({ source: expect.stringMatching(/t\.csv$/), labelNames: ["a", "b"] });
    expect([...dataset.texts]).toEqual(["one\ntwo", "three", ""]);
    expect([...dataset.ids!]).toEqual(["x1", "x2", "x3"]);
    expect([...dataset.labels]).toEqual([1, nan, 0, 1, nan, 0]);
    expect([...dataset.lines!]).toEqual([2, 4, 5]);
    expect(rest).toEqual({
      columns: { text: "text", id: "id", unused: ["stars"] },
      skipped: [],
      skippedCount: 0,
      replacedCharacters: 0,
      droppedUnlabelled: 0,
      unusedLabelRows: 0,
    });
  });

  it("replaces and counts bytes that are not UTF-8 when told to, and leaves lines and other characters alone", async () => {
    const bytes = Buffer.concat([
      Buffer.from("text,a\n\ufffd caf"),
      Buffer.of(0xe9), // Latin-1
      Buffer.from(",1\nb"),
      Buffer.of(0xff, 0xfe),
      Buffer.from("é,0\nc,2\n"),
    ]);
    const file = fileOf("t.csv", bytes);
    await expect(readDataset(file)).rejects.toThrow(/byte 15, on line 2, is not valid UTF-8.*encodingErrors/);
    const options = { encodingErrors: "replace", onBadRow: "skip", labels: ["a"] } as const;
    const { dataset, replacedCharacters, skipped } = await readDataset(file, options);
    expect([...dataset.texts]).toEqual(["\ufffd caf\ufffd", "b\ufffd\ufffdé"]);
    expect(replacedCharacters).toBe(3);
    expect(skipped).toMatchObject([{ line: 4 }]);
    let counted = 0;
    for await (const _ of readTexts(file, {
      encodingErrors: "replace",
      onReplaced: (count) => (counted = count),
    }));
    expect(counted).toBe(3);
  });

  it("takes the longest strings for the text when no name is known, and leaves out ids and numbers", async () => {
    const { dataset, columns } = await read(
      "user_id,hash,title,words,score\n11111111111111111,ab,some,many words,0\n222222222222222222,cd,title,here,1\n",
    );
    expect(columns).toEqual({ text: "words", id: "user_id", unused: ["hash", "title"] });
    expect(dataset.labelNames).toEqual(["score"]);
  });

  it("does not take a column for the id that only ends in id and repeats itself", async () => {
    const { dataset, columns } = await read("valid,paid,text\n0,7,a\n1,7,b\n0,8,c\n");
    expect(columns).toEqual({ text: "text", unused: ["paid"] });
    expect(dataset.labelNames).toEqual(["valid"]);
    expect(dataset.ids).toBeUndefined();
  });

  it("takes named columns, in the order of their names", async () => {
    const { dataset, columns } = await read("a,b,c,text,other\n0,1,2,x,long other text\n", {
      text: "other",
      labels: ["b", "a"],
      id: "c",
    });
    expect(columns).toEqual({ text: "other", id: "c", unused: ["text"] });
    expect(dataset.labelNames).toEqual(["b", "a"]);
    expect([...dataset.labels]).toEqual([1, 0]);
  });

  it("suggests the nearest column for one that is not there", async () => {
    const content = "comment_text,toxic\nx,1\n";
    expect(await messageFor(content, { text: "coment_text" })).toMatch(
      /^option text names the column "coment_text", which .*t\.csv does not have; did you mean "comment_text"\?$/,
    );
    expect(await messageFor(content, { labels: ["toxc"] })).toMatch(/option labels .*did you mean "toxic"\?/);
    expect(await messageFor(content, { id: "zzzzzzz" })).toMatch(
      /option id .*expected one of comment_text, toxic/,
    );
    expect(await messageFor(content, { labelColumn: "toxi" })).toMatch(
      /option labelColumn .*did you mean "toxic"\?/,
    );
    expect(await messageFor(content, { labels: ["toxic", "toxic"] })).toBe(
      'option labels names "toxic" twice',
    );
  });

  it("says which columns there are when it finds no text or no label", async () => {
    expect(await messageFor("a,b\n1,0\n")).toMatch(
      /no column of texts; name it with the option text \(its columns: "a", "b"\)/,
    );
    expect(await messageFor("text,stars\nx,5\n")).toMatch(
      /no label column, which holds 0 and 1; name .*labelColumn/,
    );
  });

  it("points at a cell that is no label, even long after the columns were found", async () => {
    const content = `text,a\n${"x,1\n".repeat(10_500)}x,2\n`;
    const message =
      /t\.csv, line 10502: column "a" holds "2"; expected 0, 1, true or false, or -1 or blank.*\(if this is no/;
    expect(await messageFor(content)).toMatch(message);
    expect(await messageFor(content, { labels: ["a"] })).not.toMatch(/if this is no label/);
  });

  it("takes a label column with a typing error for one, and does not silently leave it out", async () => {
    const content = `text,a,b\nx,yes,1\n${"x,1,0\n".repeat(20)}`;
    expect(await messageFor(content)).toMatch(/line 2: column "a" holds "yes"/);
    const { dataset, skipped, skippedCount } = await read(content, { onBadRow: "skip" });
    expect(dataset.labelNames).toEqual(["a", "b"]);
    expect(dataset.texts.length).toBe(20);
    expect(skippedCount).toBe(1);
    expect(skipped[0]).toMatchObject({ line: 2, reason: expect.stringMatching(/^column "a" holds "yes"/) });
  });

  it("skips rows of every kind of fault and counts them", async () => {
    const content =
      '{"text":"x","a":1}\n{"text":5,"a":1}\n{"a":1}\n{"text":"y","a":"z"}\nnot json\n{"text":"z","a":null,"b":1}';
    const { dataset, skipped, skippedCount } = await read(
      content,
      { onBadRow: "skip", labels: ["a", "b"] },
      "t.jsonl",
    );
    expect([...dataset.texts]).toEqual(["x", "z"]);
    expect([...dataset.labels]).toEqual([1, nan, nan, 1]);
    expect(skippedCount).toBe(4);
    expect(skipped.map(({ line }) => line).sort()).toEqual([2, 3, 4, 5]);
    expect(await messageFor("text,a\nx\n", { onBadRow: "skip" })).toMatch(
      /has no rows that can be used: 1 were left out/,
    );
    expect(await messageFor("text,a\nx,7\n", { onBadRow: "skip", labels: ["a"] })).toMatch(
      /no rows that can be used/,
    );
  });

  it("leaves out rows without any label and counts them", async () => {
    const { dataset, droppedUnlabelled } = await read("id,text,a,b\n1,x,-1,-1\n2,y,1,\n3,z,,\n");
    expect([...dataset.texts]).toEqual(["y"]);
    expect([...dataset.ids!]).toEqual(["2"]);
    expect([...dataset.lines!]).toEqual([3]);
    expect([...dataset.labels]).toEqual([1, nan]);
    expect(droppedUnlabelled).toBe(2);
    expect(await messageFor("text,a\nx,-1\ny,\n", { labels: ["a"] })).toMatch(
      /all labels of all 2 rows are missing/,
    );
  });

  it("refuses tables without rows", async () => {
    expect(await messageFor("text,a\n")).toMatch(/t\.csv has no rows$/);
  });

  it("cancels, and closes the file", async () => {
    const reading = readDataset(fileOf("t.csv", "text,a\nx,1\n"), {
      signal: AbortSignal.abort(new Error("enough")),
    });
    await expect(reading).rejects.toThrow("enough");
  });

  it.skipIf(!existsSync("/proc/self/fd"))("leaves no file open when it fails", async () => {
    const file = fileOf("t.csv", `text,a\n${`${"x".repeat(200)},1\n`.repeat(12_000)}`);
    await errorOf(() => readDataset(file, { text: "nothing" }));
    for await (const _ of readTexts(file)) break;
    const isOpen = (fd: string) =>
      existsSync(`/proc/self/fd/${fd}`) && readlinkSync(`/proc/self/fd/${fd}`) === file;
    await expect.poll(() => readdirSync("/proc/self/fd").filter(isOpen), { timeout: 60_000 }).toEqual([]);
  });
});

describe("readDataset of label lists", () => {
  it("sorts the names that it finds", async () => {
    const content = 'text,tags\nx,"[\'c\', \'a\']"\ny,b|a\nz,\nw,"[""c""]"\n';
    const { dataset } = await read(content, { labelColumn: "tags" });
    expect(dataset.labelNames).toEqual(["a", "b", "c"]);
    expect([...dataset.labels]).toEqual([1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("keeps to the names it is given", async () => {
    const options = { labelColumn: "tags", labels: ["spam", "ham"] };
    const content = '{"text":"x","tags":["ham"]}\n{"text":"y","tags":[]}\n{"text":"z"}\n';
    const { dataset, droppedUnlabelled } = await read(content, options, "t.jsonl");
    expect(dataset.labelNames).toEqual(["spam", "ham"]);
    expect([...dataset.labels]).toEqual([0, 1, 0, 0]);
    expect(droppedUnlabelled).toBe(1);
    expect(await messageFor("text,tags\nx,spam|hem\n", options)).toMatch(
      /line 2: column "tags" lists an unknown label "hem"; did you mean "ham"\?/,
    );
  });

  it("points at cells that are no list", async () => {
    expect(await messageFor('text,tags\nx,a\ny,"[1, 2]"\n', { labelColumn: "tags" })).toMatch(
      /line 3: column "tags" holds "\[1, 2\]"; expected a list such as/,
    );
  });
});

describe("readDataset with a label file", () => {
  const texts = "id,comment_text\nc,three\na,one\nb,two\n";

  it("joins by id, whatever the order", async () => {
    const labelFile = fileOf("labels.csv", "id,toxic,mild\na,1,0\nb,-1,-1\nc,0,1\nd,1,1\n");
    const { dataset, droppedUnlabelled, unusedLabelRows } = await read(texts, { labelFile });
    expect(dataset.labelNames).toEqual(["toxic", "mild"]);
    expect([...dataset.texts]).toEqual(["three", "one"]);
    expect([...dataset.ids!]).toEqual(["c", "a"]);
    expect([...dataset.labels]).toEqual([0, 1, 1, 0]);
    expect([...dataset.lines!]).toEqual([2, 3]);
    expect({ droppedUnlabelled, unusedLabelRows }).toEqual({ droppedUnlabelled: 1, unusedLabelRows: 1 });
  });

  it("counts ids without labels and shows the first", async () => {
    const labelFile = fileOf("labels.csv", "id,toxic\n0,1\n");
    const many = `id,text\n0,x\n${Array.from({ length: 7 }, (_, i) => `n${i},x\n`).join("")}`;
    expect(await messageFor(many, { labelFile })).toMatch(
      /^7 of the 8 ids of .*t\.csv are not in .*labels\.csv: n0, n1, n2, n3, n4, \.\.\.; give the labels/,
    );
    const { dataset, skipped, skippedCount } = await read(many, { labelFile, onBadRow: "skip" });
    expect([...dataset.texts]).toEqual(["x"]);
    expect(skippedCount).toBe(7);
    expect(skipped[0]).toMatchObject({
      line: 3,
      reason: expect.stringMatching(/^the id n0 is not in .*labels\.csv$/),
    });
  });

  it("needs ids on both sides, once each in the label file", async () => {
    const labelFile = fileOf("labels.csv", "id,toxic\na,1\na,0\n");
    expect(await messageFor(texts, { labelFile })).toMatch(
      /labels\.csv, line 3: has the id a of a row before it/,
    );
    const noId = fileOf("labels.csv", "toxic\n1\n0\n");
    expect(await messageFor(texts, { labelFile: noId })).toMatch(/labels\.csv has no id column.*option id/);
    const good = fileOf("labels.csv", "id,toxic\na,1\n");
    expect(await messageFor("text\nx\ny\n", { labelFile: good })).toMatch(/t\.csv has no id column/);
    expect(await messageFor(texts, { labelFile: fileOf("labels.csv", "id,toxic\n") })).toMatch(
      /labels\.csv has no rows/,
    );
  });
});

describe("readTexts", () => {
  it("reads texts in chunks, with ids", async () => {
    const lines = Array.from({ length: 2500 }, (_, i) => `k${i},text ${i}\n`);
    const rows = [];
    const sizes = [];
    for await (const chunk of readTexts(fileOf("t.csv", `id,text\n${lines.join("")}`))) {
      rows.push(...chunk);
      sizes.push(chunk.length);
    }
    expect(sizes).toEqual([1024, 1024, 452]);
    expect(rows.length).toBe(2500);
    expect(rows[1700]).toEqual({ id: "k1700", text: "text 1700", line: 1702 });
  });

  it("numbers the rows of a file without ids, and takes an only column whatever it holds", async () => {
    const rows = [];
    for await (const chunk of readTexts(fileOf("t.txt", "1\n\n0\n"))) rows.push(...chunk);
    expect(rows).toEqual([
      { id: "1", text: "1", line: 1 },
      { id: "2", text: "", line: 2 },
      { id: "3", text: "0", line: 3 },
    ]);
  });

  it("ends at the first row that it cannot read", async () => {
    const reading = async () => {
      for await (const _ of readTexts(fileOf("t.jsonl", '{"text":"x"}\n{"text":null}\n')));
    };
    expect((await errorOf(reading)).message).toMatch(/line 2: column "text" holds null; expected a string/);
  });
});

describe.skipIf(!existsSync(realRows))(`real rows (${realRows}, skipped where it is missing)`, () => {
  it("are all read, with the labels that they have", async () => {
    const { dataset, columns } = await readDataset(realRows);
    expect(columns).toEqual({ text: "comment_text", unused: [] });
    expect(dataset.labelNames).toEqual([
      "toxic",
      "severe_toxic",
      "obscene",
      "threat",
      "insult",
      "identity_hate",
    ]);
    expect(dataset.texts.length).toBe(3000);
    const positives = new Array(6).fill(0);
    dataset.labels.forEach((label, i) => {
      positives[i % 6] += label;
    });
    expect(positives).toEqual([307, 38, 167, 14, 164, 32]);
    expect(Math.max(...Array.from(dataset.texts, (text) => text.length))).toBeLessThanOrEqual(5000);
  });

  it("start on the lines that grep finds", async () => {
    const { dataset } = await readDataset(realRows);
    const row = [...dataset.texts].findIndex((text) => text.startsWith("You, sir, are my hero"));
    const found = spawnSync("grep", ["-n", "You, sir, are my hero", realRows], { encoding: "utf8" }).stdout;
    expect(dataset.lines![row]).toBe(Number.parseInt(found, 10));
  });
});
