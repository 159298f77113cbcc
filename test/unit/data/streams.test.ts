import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readDataset, readTexts } from "../../../src/data/read.js";
import type { TableStream } from "../../../src/data/source.js";
import { errorOf, fileOf } from "./files.js";

const content = "text,a\ncafé 😀,1\ntwo,0\n";
const bytes = Buffer.from(content);

async function* pieces(size: number) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function* codeUnits() {
  for (let i = 0; i < content.length; i++) yield content[i]!;
}

describe("a stream", () => {
  it.each<[string, () => TableStream]>([
    ["a Node stream of bytes", () => Readable.from(pieces(3))],
    ["a Node stream of text", () => Readable.from([content])],
    ["a web stream", () => new Blob([content]).stream()],
    [
      "a web stream without an iterator",
      () => {
        const stream = new Blob([content]).stream();
        return { getReader: () => stream.getReader() };
      },
    ],
    ["the body of a response", () => new Response(content).body!],
    ["an async iterable of bytes", () => pieces(1)],
    ["an async iterable of code units, halves of characters among them", codeUnits],
    ["gzip", () => Readable.from([gzipSync(content)])],
    ["gzip byte by byte", () => Readable.from(Array.from(gzipSync(content), (byte) => Buffer.of(byte)))],
  ])("%s is read as a file is", async (_, open) => {
    const { dataset } = await readDataset(open(), { format: "csv" });
    expect([...dataset.texts]).toEqual(["café 😀", "two"]);
    expect([...dataset.labels]).toEqual([1, 0]);
    expect(dataset.source).toBe("the stream");
    const texts = [];
    for await (const chunk of readTexts(open(), { format: "csv" }))
      texts.push(...chunk.map(({ text }) => text));
    expect(texts).toEqual(["café 😀", "two"]);
  });

  it("of a file needs no format and has the file's name", async () => {
    const file = fileOf("t.csv", content);
    const { dataset } = await readDataset(createReadStream(file));
    expect(dataset.source).toBe(file);
    expect((await errorOf(() => readDataset(createReadStream(`${file}.csv`)))).message).toBe(
      `${file}.csv does not exist`,
    );
  });

  it("whose format is not known, or that is none, is refused", async () => {
    const unknown = await errorOf(() => readDataset(pieces(1)));
    expect(unknown.code).toBe("INVALID_OPTION");
    expect(unknown.message).toMatch(/option format is missing.*csv, tsv, jsonl, json/);
    for (const wrong of [null, undefined, 7, {}, ["text"]]) {
      expect((await errorOf(() => readDataset(wrong as never))).message).toMatch(
        /the table is .*; expected a path, or a stream of bytes/,
      );
    }
  });

  it("that fails, breaks off or gives objects ends in an error that names it", async () => {
    const failing = Readable.from(
      (async function* () {
        yield "text,a\n";
        throw new Error("connection reset");
      })(),
    );
    const failed = await errorOf(() => readDataset(failing, { format: "csv" }));
    expect([failed.code, failed.message]).toEqual(["IO", "cannot read the stream: connection reset"]);
    const cut = Readable.from([gzipSync(content).subarray(0, 30)]);
    expect((await errorOf(() => readDataset(cut, { format: "csv" }))).message).toMatch(
      /^the stream: is not a whole gzip file/,
    );
    const objects = Readable.from([{ text: "x", a: 1 }]) as never;
    expect((await errorOf(() => readDataset(objects, { format: "csv" }))).message).toBe(
      "the stream gave a value of type object; expected bytes or text (objects are for datasetFromRows)",
    );
    expect(
      (await errorOf(() => readDataset(Readable.from(["text,a\nx,7\n"]), { format: "csv", labels: ["a"] })))
        .message,
    ).toMatch(/^the stream, line 2: column "a" holds "7"/);
  });

  it("that gives nothing more can be given up, and is closed", async () => {
    let closed = false;
    const stream = new Readable({
      read() {},
      destroy(error, done) {
        closed = true;
        done(error);
      },
    });
    stream.push("text,a\nx,1\n");
    const controller = new AbortController();
    const reading = readDataset(stream, { format: "csv", signal: controller.signal });
    setImmediate(() => controller.abort(new Error("enough")));
    await expect(reading).rejects.toThrow("enough");
    await new Promise(setImmediate);
    expect(closed).toBe(true);
  });
});
