// Files of fastText's lines, which name labels before the text.
import { describe, expect, it } from "vitest";
import { readDataset, readTexts } from "../../../src/data/read.js";
import { errorOf, fileOf } from "./files.js";

const lines = [
  "__label__refund __label__late-delivery  The parcel, is  late",
  "",
  "\t__label__refund money back\t__label__urgent please",
  "no label here",
  "__label__été,x __label__refund ",
];

async function read(content: string, options = {}) {
  const notes: string[] = [];
  const file = fileOf("train.txt", content);
  const result = await readDataset(file, { onNote: (note) => notes.push(note), ...options });
  return { ...result, notes: notes.join("\n") };
}

describe("lines with labels of fastText", () => {
  it("are texts with labels, and that is said", async () => {
    const { dataset, columns, notes } = await read(lines.join("\n"));
    expect([...dataset.texts]).toEqual(["The parcel, is  late", "money back please", "no label here", ""]);
    expect(dataset.labelNames).toEqual(["late-delivery", "refund", "urgent", "été,x"]);
    expect(Array.from(dataset.labels)).toEqual([1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    expect(Array.from(dataset.lines!)).toEqual([1, 3, 4, 5]);
    expect(columns).toMatchObject({ text: "text", unused: [] });
    expect(notes).toMatch(/read as fastText's: words after __label__ are labels, the rest is the text/);
  });

  it("are predicted without their labels", async () => {
    const texts: string[] = [];
    for await (const chunk of readTexts(fileOf("new.txt", lines.join("\r\n")))) {
      texts.push(...chunk.map(({ text }) => text));
    }
    expect(texts).toEqual(["The parcel, is  late", "money back please", "no label here", ""]);
  });

  it("are refused, or left out, where a label has no name", async () => {
    const content = "__label__a one\n__label__ two\n__label__b three\n";
    const { message } = await errorOf(() => read(content));
    expect(message).toMatch(/train\.txt, line 2: has a label without a name; expected __label__NAME/);
    const { dataset, skippedCount } = await read(content, { onBadRow: "skip" });
    expect([dataset.texts.length, skippedCount]).toEqual([2, 1]);
  });

  it("are told from texts of which some mention a label", async () => {
    const texts: string[] = [];
    const content = "what is this?\n__label__a one\nno idea\n";
    for await (const chunk of readTexts(fileOf("new.txt", content)))
      texts.push(...chunk.map((row) => row.text));
    expect(texts).toEqual(["what is this?", "__label__a one", "no idea"]);
  });
});
