// Hostile TorchScript files, by the door that users take: each is an error that names the file, nothing in it runs, and
// the process goes on. What the check and the engine look at one by one is tested in unit/model/torchscript and native.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { archive, bagOfWords, code, parts, pickle } from "../unit/model/torchscript/module.mjs";
import { tinySource } from "../unit/training/tiny-run.js";

const folder = mkdtempSync(join(tmpdir(), "tagformer-hostile-"));
afterAll(() => rmSync(folder, { recursive: true }));

const { tokenizer } = tinySource();
/** The file that a module writes when it gets to run. */
const owned = join(folder, "owned");
const sound = archive();

const module = (body: readonly string[], members: readonly string[] = []) =>
  archive(parts(code(body, members)));
const lines = (line: string, count: number) => new Array<string>(count).fill(line);
const flipped = (at: number) => {
  const bytes = Buffer.from(sound);
  bytes[at]! ^= 16;
  return bytes;
};
const raw = (text: string) => Buffer.from(text, "latin1");
/** data.pkl whose object has one attribute more. */
const withAttribute = (value: Buffer) => {
  const bytes = pickle();
  const at = bytes.indexOf("}(") + 2;
  return Buffer.concat([bytes.subarray(0, at), raw("X\x01\0\0\0x"), value, bytes.subarray(at)]);
};

/** Thirty functions or methods, each of which calls the one before twice. */
const doubled = (define: (name: string) => string, call: string, indent: string) =>
  Array.from({ length: 30 }, (_, i) => [
    define(`${call}${i}`.replace(/.*\./, "")),
    `${indent}return ${i === 0 ? "torch.neg(x)" : `${call}${i - 1}(${call}${i - 1}(x))`}`,
  ]).flat();
const doubledMethods = () =>
  doubled((name) => `def ${name}(self: __torch__.Bag, x: Tensor) -> Tensor:`, "self.m", "  ");
const doubledFunctions = () =>
  [
    ...doubled((name) => `def ${name}(x: Tensor) -> Tensor:`, "__torch__.f", "  "),
    code(["weight = __torch__.f29(weight)", ...bagOfWords]),
  ].join("\n");

/** The directory's entries of a record, many times over: all of them say that they are the same bytes. */
function overlapping(count: number): Buffer {
  const bomb = { name: "extra/0", bytes: Buffer.alloc(1 << 20), deflated: true };
  const one = archive([...parts(), bomb]);
  const [begin, size] = [one.readUInt32LE(one.length - 6), one.readUInt32LE(one.length - 10)];
  const entry = one.subarray(one.lastIndexOf("PK\x01\x02"), begin + size);
  const entries = Array.from({ length: count }, (_, i) => {
    const copy = Buffer.from(entry);
    copy.write(String(i % 10), copy.length - 1);
    return copy;
  });
  const end = Buffer.from(one.subarray(-22));
  const directory = Buffer.concat([one.subarray(begin, begin + size), ...entries]);
  end.writeUInt16LE(end.readUInt16LE(8) + count, 8);
  end.writeUInt16LE(end.readUInt16LE(8), 10);
  end.writeUInt32LE(directory.length, 12);
  return Buffer.concat([one.subarray(0, begin), directory, end]);
}

const corpus: Record<string, [what: string, content: () => Buffer, problem: RegExp][]> = {
  "that is damaged": [
    ["half of a file", () => sound.subarray(0, sound.length / 2), /no sound TorchScript archive/],
    ["all but its last byte", () => sound.subarray(0, -1), /no sound TorchScript archive/],
    ["a bit of a weight flipped", () => flipped(60), /data\/0 is damaged/],
    ["a bit of its code flipped", () => flipped(sound.indexOf("__torch__.py") + 40), /__torch__\.py/],
    ["a bit of its directory flipped", () => flipped(sound.length - 30), /no sound TorchScript archive/],
  ],
  "that is something else": [
    ["nothing", () => Buffer.alloc(0), /too short/],
    ["a text", () => raw("#!/bin/sh\nrm -rf /\n"), /too short/],
    ["a program", () => Buffer.concat([raw("\x7fELF"), Buffer.alloc(9000, 1)]), /does not end like a zip/],
    ["a gzip file", () => gzipSync(Buffer.alloc(9000, 1)), /no sound TorchScript archive/],
    ["a zip file of something else", () => archive([{ name: "a.txt", bytes: raw("a") }]), /no TorchScript/],
  ],
  "that unpacks to more than it is": [
    [
      "zeros",
      () => archive([...parts(), { name: "extra/0", bytes: Buffer.alloc(140e6), deflated: true }]),
      /unpack to 140\d+ bytes/,
    ],
    ["records over each other", () => overlapping(9), /overlaps|two records/],
    [
      "a pickle of 17 megabytes",
      () => archive(parts(code(), withAttribute(Buffer.alloc(17e6, 0x85)))),
      /bytes/,
    ],
  ],
  "with code that would run while it is loaded": [
    [
      "__setstate__",
      () =>
        module(bagOfWords, [
          "def __setstate__(self: __torch__.Bag, state: Tensor) -> None:",
          `  torch.save(state, "${owned}")`,
        ]),
      /__setstate__/,
    ],
    [
      "a default value",
      () => module(bagOfWords, [`def f(self, x: None=torch.save(y, "${owned}")) -> None:`, "  return x"]),
      /save|default value/,
    ],
    [
      "a function of Python",
      () => archive(parts(code(), raw(`\x80\x02cos\nsystem\n(X\x06\0\0\0touch tR.`))),
      /"os\.system"/,
    ],
  ],
  "with operators that reach beyond tensors": [
    ["a file to write", () => module([`torch.save(weight, "${owned}")`, ...bagOfWords]), /save/],
    [
      "a file to write, behind a comment",
      () => module([`_ = (torch.save # x`, `  (weight, "${owned}"))`, ...bagOfWords]),
      /save/,
    ],
    [
      "a file to read",
      () => module(['weight = ops.aten.from_file("/etc/hostname", False, 4)', ...bagOfWords]),
      /from_file/,
    ],
    ["a thread", () => module(["x9 = fork(self.forward, input_ids, attention_mask)", ...bagOfWords]), /fork/],
    [
      "another process",
      () => module(['x9 = rpc_async("worker", self.forward, (input_ids,))', ...bagOfWords]),
      /rpc_async/,
    ],
    [
      "memory beside its tensors",
      () => module(["weight = ops.aten.set_(weight, weight, 0, [999], [1])", ...bagOfWords]),
      /aten::set_/,
    ],
    ["a function that nobody knows", () => module(["x9 = ops.evil.run(weight)", ...bagOfWords]), /evil/],
  ],
  "without an end": [
    ["a million operations", () => module([...lines("w=-w", 1_000_000), ...bagOfWords]), /./],
    [
      "a billion operations in functions",
      () => archive(parts(doubledFunctions())),
      /more than 250000 operations/,
    ],
    [
      "a billion operations in methods",
      () => module(["return self.m29(weight)"], doubledMethods()),
      /more than 250000/,
    ],
    [
      "a function that calls itself",
      () => module(["return self.forward(input_ids, attention_mask)"]),
      /recursi/,
    ],
    [
      "a pickle of a million tuples in tuples",
      () => archive(parts(code(), withAttribute(Buffer.concat([raw(")"), Buffer.alloc(1e6, 0x85)])))),
      /./,
    ],
    [
      "more memory than there is",
      () => module(["weight = torch.ones([1000000, 1000000])", ...bagOfWords]),
      /memory/,
    ],
  ],
};

describe.each(Object.entries(corpus))("a TorchScript file %s", (_, cases) => {
  it.each(cases)("is refused: %s", async (what, content, problem) => {
    const file = join(folder, `${what.replace(/\W/g, "-")}.pt`);
    writeFileSync(file, content());
    await expect(Classifier.load(file, { tokenizer, trust: true, threads: 1 })).rejects.toMatchObject({
      name: "TagformerError",
      code: "INVALID_MODEL",
      message: expect.stringMatching(problem),
    });
    rmSync(file);
    expect(existsSync(owned)).toBe(false);
  });
});

it("does not spoil the process for a sound one", async () => {
  const file = join(folder, "sound.pt");
  writeFileSync(file, sound);
  await using classifier = await Classifier.load(file, {
    tokenizer: bagTokenizer(),
    trust: true,
    threads: 1,
  });
  expect((await classifier.logits(["a"])).length).toBe(2);
});

/** A vocabulary as small as the module's. */
function bagTokenizer(): string {
  const directory = mkdtempSync(join(folder, "tokenizer-"));
  writeFileSync(join(directory, "config.json"), JSON.stringify({ model_type: "bert" }));
  writeFileSync(join(directory, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
  return directory;
}
