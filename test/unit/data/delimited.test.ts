// Delimiters told by content, quotes that are characters, and headers: what real exports look like.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReadDatasetOptions } from "../../../src/data/options.js";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

/** Reads a table, and what was said about it. */
async function read(name: string, content: string, options: ReadDatasetOptions = {}) {
  const notes: string[] = [];
  const { dataset } = await readDataset(fileOf(name, content), {
    ...options,
    onNote: (note) => notes.push(note),
  });
  return { dataset, texts: [...dataset.texts], lines: [...dataset.lines!], notes: notes.join("\n") };
}

const refusal = async (name: string, content: string, options?: ReadDatasetOptions) =>
  (await errorOf(() => read(name, content, options))).message;

async function textsOf(name: string, content: string, options = {}) {
  const rows = [];
  for await (const chunk of readTexts(fileOf(name, content), options)) rows.push(...chunk);
  return rows.map(({ id, text, line }) => [id, text, line]);
}

describe("delimiters", () => {
  it.each([
    [";", "t.csv"],
    ["\t", "t.csv"],
    ["|", "t.csv"],
    [",", "t.tsv"],
    [";", "t.tsv"],
  ])("are told by content: %j in %s", async (delimiter, name) => {
    const rows = ["id;text;a", '7;"Hello, you; it\'s me";1', "8;Well, well;0"];
    const content = rows.map((row) =>
      row.replaceAll(/"[^"]*"|;/g, (part) => (part === ";" ? delimiter : part.replace(";", delimiter))),
    );
    const { texts, dataset, notes } = await read(name, `${content.join("\n")}\n`.replaceAll("Well,", "Well"));
    expect(texts).toEqual([`Hello, you${delimiter} it's me`, "Well well"]);
    expect([...dataset.ids!]).toEqual(["7", "8"]);
    expect(notes).toMatch(/cells are separated by (tab|"[;|,]")/);
  });

  it("keep to the usual one when others stand in texts, names of columns in quotes, or lists", async () => {
    expect((await read("t.csv", 'text,"a;b",c|d\nx; y,1,0\nz|z; z,0,1\n')).dataset.labelNames).toEqual([
      "a;b",
      "c|d",
    ]);
    expect(await textsOf("t.csv", "text\nhello; you\nsecond\n")).toEqual([
      ["1", "hello; you", 2],
      ["2", "second", 3],
    ]);
    expect(await textsOf("t.csv", "what; a name\nhello\nsecond\n")).toHaveLength(2);
  });

  it("are said by a first line, as spreadsheets write it, and by an option", async () => {
    for (const start of ["sep=;", '"sep=;"', "\ufeffSEP=;\r"]) {
      const { texts, lines } = await read("t.csv", `${start}\nid;text;a\n1;x,y;1\n`);
      expect({ texts, lines }).toEqual({ texts: ["x,y"], lines: [3] });
    }
    expect((await read("t.csv", "text^a\nx,y^1\n", { delimiter: "^" })).texts).toEqual(["x,y"]);
    expect((await read("t.csv", "text\ta,b\nx\t1\n", { delimiter: "tab" })).dataset.labelNames).toEqual([
      "a,b",
    ]);
    expect(await textsOf("t.txt", "id,text\n5,x\n", { delimiter: "," })).toEqual([["5", "x", 2]]);
  });

  it("are refused where two fit, and where the option is none", async () => {
    expect(await refusal("t.csv", "text;a,b\nx;1,0\ny;0,1\n")).toMatch(
      /whichever delimiter is taken \(2 with ",", 2 with ";"\); say which with the option delimiter/,
    );
    const { code, message } = await errorOf(() => read("t.csv", "text,a\nx,1\n", { delimiter: ";;" }));
    expect({ code, message }).toMatchObject({ code: "INVALID_OPTION", message: /option delimiter is ";;"/ });
  });

  it("name the likely one where a row does not fit, and a bad row among good ones", async () => {
    expect(await refusal("t.csv", "id;text\n1;x;z\n2,y\n3;z,u,v;\n")).toMatch(
      /line 3: expected 1 cell.*the header holds ";".*option delimiter/,
    );
    const rows = Array.from({ length: 20 }, (_, i) => `${i};text, number ${i};1`);
    expect(await refusal("t.csv", `id;text;a\n${rows.join("\n")}\n20;x\n`)).toMatch(
      /line 22: expected 3 cells, as in the header, but found 2$/,
    );
  });
});

it("a header with fewer cells than its rows is told", async () => {
  const notes: string[] = [];
  const rows = await textsOf("t.csv", "a|b\n1|hello there|0\n2|you|1\n", {
    onNote: (note: string) => notes.push(note),
  });
  expect(rows).toHaveLength(2);
  expect(notes.join("\n")).toMatch(
    /read as one column, but the header and most rows hold "\|".*option delimiter/,
  );
});

describe("quotes in tables with tabs", () => {
  it("are characters where nothing closes them, and never reach into another row", async () => {
    const content =
      'text\ta\tb\nFirst\t1\t0\n"Second\t0\t1\nThird "so" it\t1\t0\n"Fourth\t0\t1\nFifth "\t1\t1\n';
    const { texts, lines, notes } = await read("t.tsv", content);
    expect(texts).toEqual(["First", '"Second', 'Third "so" it', '"Fourth', 'Fifth "']);
    expect(lines).toEqual([2, 3, 4, 5, 6]);
    expect(notes).toMatch(/quotes are read as characters of the text/);
    const late = await read(
      "t.tsv",
      `text\ta\n${"x\t1\n".repeat(600)}"open\t0\nThird "so" it\t1\n"open\t0\n`,
    );
    expect(late.texts.slice(600)).toEqual(['"open', 'Third "so" it', '"open']);
    expect(late.notes).toMatch(
      /2 rows have cells that begin with a quote which is never closed \(line 602, 604\)/,
    );
  });

  it("that a later quote would close are characters, when the lines between are rows", async () => {
    const content = 'text\ta\n"Second\t1\nThird\t0\nFourth "so"\t1\nFifth\t0\n';
    expect((await read("t.tsv", content)).texts).toEqual(['"Second', "Third", 'Fourth "so"', "Fifth"]);
    const closed = 'text\ta\n"Second\t1\nThird\t0\nFourth"\t1\nFifth\t0\n';
    expect((await read("t.tsv", closed)).texts).toEqual(['"Second', "Third", 'Fourth"', "Fifth"]);
  });

  it("around a whole text stay, when others show that the file has no quoting", async () => {
    const content = 'text\ta\n"I love it"\t1\nsay "so"\t0\n';
    const { texts, notes } = await read("t.tsv", content);
    expect(texts).toEqual(['"I love it"', 'say "so"']);
    expect(notes).toMatch(/quotes are read as characters of the text \(the option quotes: csv/);
    const quoted = 'text\ta\n"I love it"\t1\n"say ""so"""\t0\n';
    expect((await read("t.tsv", quoted)).texts).toEqual(["I love it", 'say "so"']);
  });

  it("enclose cells of several lines as pandas writes them", async () => {
    const content = 'id\ttext\ta\n1\t"two\nlines\tand ""tabs"""\t1\n2\t"x\r\n\r\ny"\t0\n';
    const { texts, lines } = await read("t.tsv", content);
    expect(texts).toEqual(['two\nlines\tand "tabs"', "x\r\n\r\ny"]);
    expect(lines).toEqual([2, 4]);
  });

  it("are refused where they may enclose lines or not, unless the option decides", async () => {
    const content = 'text\n"one\ntwo"\nthree\n';
    expect((await errorOf(() => textsOf("t.tsv", content))).message).toMatch(
      /a quote on line 2 encloses everything up to line 3.*option quotes/,
    );
    expect(await textsOf("t.tsv", content, { quotes: "csv" })).toHaveLength(2);
    expect((await textsOf("t.tsv", content, { quotes: "none" })).map(([, text]) => text)).toEqual([
      '"one',
      'two"',
      "three",
    ]);
  });

  it("make no difference to any text that is written without quoting", async () => {
    const text = fc.stringMatching(/^[a",' ]+$/).filter((made) => !/^"(?:[^"]|"")*"$/.test(made));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 12 }), async (texts) => {
        const content = `id\ttext\ta\n${texts.map((made, i) => `k${i}\t${made}\t1\n`).join("")}`;
        expect((await textsOf("t.tsv", content, { text: "text", id: "id" })).map(([, made]) => made)).toEqual(
          texts,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("quotes in tables with commas", () => {
  it("that swallow whole rows are refused with both lines", async () => {
    const content = 'text,a\nx,1\n"first,0\nsecond,1\nthird",1\n';
    expect(await refusal("t.csv", content)).toMatch(
      /a quote on line 3 encloses everything up to line 5, but each of these lines is a row of 2 cells/,
    );
    expect((await read("t.csv", content, { quotes: "csv" })).texts).toEqual([
      "x",
      "first,0\nsecond,1\nthird",
    ]);
    expect((await read("t.csv", content, { quotes: "none" })).texts).toHaveLength(4);
    const text = 'text,a\n"Dear all,\nthanks, and bye",1\n';
    expect((await read("t.csv", text)).texts).toEqual(["Dear all,\nthanks, and bye"]);
  });

  it("that are out of place on a later line are refused with both lines", async () => {
    expect(await refusal("t.csv", 'text,a\n"open,1\nx,0\n"y,1\n')).toMatch(
      /the cell that starts on line 2 with a quote goes on to line 4, which has a quote out of place.*quotes: none/,
    );
  });
});

describe("headers", () => {
  it("are told, with what each column is for", async () => {
    const { notes } = await read("t.csv", "id,subject,body,a\n1,Re,the long body,1\n");
    expect(notes).toMatch(
      /t\.csv: line 1 is the header; text: "body"; ids: "id"; labels: "a"; not used: "subject"$/,
    );
  });

  it.each([
    ['7,"my parcel is late, and I want it",1,0\n8,the website is broken,0,1\n'],
    ["my parcel is late and I want my money back,1\nthe website is broken again,0\n"],
    ["0,1,hello\n1,0,good bye to you\n"],
  ])("that look like data are told: %j", async (content) => {
    const { notes } = await read("t.csv", content);
    expect(notes).toMatch(/warning: .*line 1 was read as the header.*looks like data.*header: false/);
  });

  it.each([
    ["text,0,1,2\nhello you there,1,0,1\n"],
    [
      "Timestamp,How well was your question answered by us?,Would you come back to our shop?\n1,So and so I think,1\n",
    ],
    ["comment,toxic\nhello,1\n"],
    ["2020,How did you like the food that we served?,q\nx y,1,0\n"],
  ])("are not doubted without reason: %j", async (content) => {
    const { notes } = await read("t.csv", content, content.startsWith("2020") ? { text: "2020" } : {});
    expect(notes).not.toMatch(/looks like data/);
  });

  it("may be missing, if an option says so", async () => {
    const content = '7,"my parcel is late, and I want it",1,0\n8,the website is broken,0,1\n';
    const { texts, lines, dataset } = await read("t.csv", content, { header: false });
    expect(texts).toHaveLength(2);
    expect(lines).toEqual([1, 2]);
    expect(dataset.labelNames).toEqual(["column3", "column4"]);
    expect(await textsOf("t.csv", "x, y\nz\n", { header: false, delimiter: "|" })).toEqual([
      ["1", "x, y", 1],
      ["2", "z", 2],
    ]);
  });

  it("with one name twice hint at a missing header", async () => {
    expect(await refusal("t.csv", "7,hello,1,1\n8,you,0,1\n")).toMatch(
      /two columns named "1".*header: false/,
    );
  });
});

describe("missing values", () => {
  it("leave a column one of labels, however many there are", async () => {
    const words = ["NA", "N/A", "NaN", "nan", "NULL", "null", "None", ""];
    const rows = words.map((word, i) => `text ${i},${word},${i % 2}\n`);
    const { dataset } = await read("t.csv", `text,a,b\nx,1,1\n${rows.join("")}`);
    expect(dataset.labelNames).toEqual(["a", "b"]);
    expect([...dataset.labels].filter(Number.isNaN)).toHaveLength(words.length);
  });

  it("do not hide a column that is nearly one of labels", async () => {
    const { notes, dataset } = await read(
      "t.csv",
      "text,a,votes,sure,spam,gone,stars\nx,1,0,0.5,yes,NA,4\ny,0,2,1,no,NA,5\nz,0,1,0,no,NA,1\nz,0,1,0,no,NA,3\n",
    );
    expect(dataset.labelNames).toEqual(["a"]);
    expect(notes).toMatch(/"votes", because 25 % of its filled cells are neither 0 nor 1, such as "2"/);
    expect(notes).toMatch(/"sure" holds numbers between 0 and 1, such as "0.5"/);
    expect(notes).toMatch(/"spam" holds "yes" and "no"; write 1 and 0/);
    expect(notes).toMatch(/"gone" has missing labels only/);
    expect(notes).not.toMatch(/"stars", because/);
  });
});

describe("numbers in JSON Lines", () => {
  it("keep their digits as ids and groups", async () => {
    const numbers = ["1152921504606846977", "-9007199254740993", "1.0", "1e3", "7", "0.10"];
    const rows = numbers.map(
      (number) => `{"id": ${number}, "text": "1.0 \\" 1e3 NaN", "a": 1.0, "g": ${number}}`,
    );
    const { dataset, texts } = await read("t.jsonl", rows.join("\n"), { group: "g" });
    expect([...dataset.ids!]).toEqual(numbers);
    expect([...dataset.groups!]).toEqual(numbers);
    expect(texts[0]).toBe('1.0 " 1e3 NaN');
    expect([...dataset.labels]).toEqual(numbers.map(() => 1));
  });

  it("are weights and soft labels however they are written", async () => {
    const content = '{"text": "x", "a": 0.50, "w": 2.0}\n{"text": "y", "a": 1.00, "w": 1e0}\n';
    const { dataset } = await read("t.jsonl", content, { weight: "w", labels: ["a"] });
    expect([...dataset.labels]).toEqual([0.5, 1]);
    expect([...dataset.weights!]).toEqual([2, 1]);
  });
});

describe("names of columns", () => {
  it("are found in either Unicode form", async () => {
    const content = "text,cafe\u0301\nx,1\n";
    const { dataset, notes } = await read("t.csv", content, { labels: ["caf\u00e9"] });
    expect(dataset.labelNames).toEqual(["caf\u00e9"]);
    expect(notes).toMatch(/differs in Unicode form/);
  });

  it("stay apart when two differ in Unicode form alone", async () => {
    const content = "text,cafe\u0301,caf\u00e9\nx,1,0\n";
    const { dataset } = await read("t.csv", content, { labels: ["caf\u00e9", "cafe\u0301"] });
    expect([...dataset.labels]).toEqual([0, 1]);
    expect(await refusal("t.csv", "text,cafe\u0301\nx,1\n", { labels: ["caf\u00e9", "cafe\u0301"] })).toMatch(
      /other Unicode form/,
    );
  });
});

it("a weight of 0 in every row is refused", async () => {
  expect(await refusal("t.csv", "text,a,w\nx,1,0\ny,0,0\n", { weight: "w", labels: ["a"] })).toMatch(
    /column "w" gives every row the weight 0.*above 0/,
  );
});
