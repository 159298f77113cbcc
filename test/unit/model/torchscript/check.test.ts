import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { generator } from "../../../../src/base/random.js";
import { readArchive, readRecord } from "../../../../src/model/torchscript/archive.js";
import { checkTorchScriptFile } from "../../../../src/model/torchscript/check.js";
import { archive, bagOfWords, code, parts, pickle } from "./module.mjs";

const folder = mkdtempSync(join(tmpdir(), "tagformer-torchscript-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, "module.pt");

function check(bytes: Buffer): Promise<void> {
  writeFileSync(file, bytes);
  return checkTorchScriptFile(file);
}

const refused = (problem: string | RegExp) =>
  expect.objectContaining({ code: "INVALID_MODEL", message: expect.stringMatching(problem) });

/** The bytes of all records, unpacked. */
async function contents(): Promise<string> {
  const handle = await open(file);
  try {
    const records = await readArchive(handle, (await handle.stat()).size);
    const found: string[] = [];
    for (const [name, record] of records) {
      found.push(`${name}: ${(await readRecord(handle, record, 1e6)).toString("hex")}`);
    }
    return found.sort().join("\n");
  } finally {
    await handle.close();
  }
}

describe("the check of a TorchScript file", () => {
  const sound = archive();

  it("finds a plain module sound", async () => {
    await check(sound);
  });

  it("refuses it cut at any place", async () => {
    for (let length = 0; length < sound.length; length += 7) {
      await expect(check(sound.subarray(0, length)), `${length} bytes`).rejects.toEqual(refused(/./));
    }
  });

  it("refuses any flipped byte, or finds the same records", async () => {
    await check(sound);
    const expected = await contents();
    const random = generator(1, "flips");
    let found = 0;
    for (let i = 0; i < sound.length; i++) {
      const flipped = Buffer.from(sound);
      flipped[i]! ^= 1 << random.below(8);
      try {
        await check(flipped);
        expect(await contents(), `byte ${i}`).toBe(expected);
      } catch (error) {
        expect(error, `byte ${i}`).toEqual(refused(/./));
        found++;
      }
    }
    // The rest are dates and version numbers.
    expect(found).toBeGreaterThan(0.8 * sound.length);
  });

  const bytes = { name: "data/1", bytes: Buffer.alloc(8) };
  it.each<[what: string, content: Buffer, problem: RegExp]>([
    ["no zip at all", randomBytes(5000), /does not end like a zip archive/],
    ["an empty file", Buffer.alloc(0), /too short/],
    ["something after its end", Buffer.concat([sound, Buffer.alloc(3)]), /does not end like a zip/],
    ["two records of one name", archive([...parts(), bytes, bytes]), /two records/],
    ["names that differ in case only", archive([...parts(), { ...bytes, name: "DATA.pkl" }]), /two records/],
    ["a name that leads out of it", archive([...parts(), { ...bytes, name: "../../evil" }]), /unsafe name/],
    ["an unknown record", archive([...parts(), { ...bytes, name: "evil.so" }]), /record evil.so/],
    ["no code", archive(parts().filter(({ name }) => !/code|const/.test(name))), /written by torch.save/],
    [
      "a bomb",
      archive([...parts(), { name: "code/__torch__/a.py", bytes: Buffer.alloc(140e6), deflated: true }]),
      /unpack to 140\d+ bytes/,
    ],
    [
      "much code",
      archive([
        ...parts(),
        { name: "code/__torch__/a.py", bytes: Buffer.alloc(17e6, "# a\n"), deflated: true },
      ]),
      /bytes of code/,
    ],
  ])("refuses an archive with %s", async (_, content, problem) => {
    await expect(check(content)).rejects.toEqual(refused(problem));
  });

  it("refuses an archive that says less than it unpacks to", async () => {
    const lying = Buffer.from(sound);
    const size = Buffer.byteLength(code());
    for (let at = 0; at + 4 <= lying.length; at++) {
      if (lying.readUInt32LE(at) === size) lying.writeUInt32LE(size - 100, at);
    }
    await expect(check(lying)).rejects.toEqual(refused(/cannot be unpacked to its/));
  });

  it.each<[what: string, data: Buffer, problem: RegExp]>([
    ["a tensor beyond its data", pickle({ rows: 9 }), /reaches beyond its data/],
    ["a tensor that begins beyond its data", pickle({ offset: 1 }), /reaches beyond its data/],
    ["more data than there is", pickle({ elements: 17, rows: 8 }), /17 elements .* 64 bytes/],
    ["a function of Python", Buffer.from("\x80\x02cos\nsystem\n(X\x02\0\0\0ls tR.", "latin1"), /"os.system"/],
    [
      "a C++ class",
      Buffer.from("\x80\x02c__torch__.torch.classes.quantized\nLinearPackedParamsBase\n)\x81N b.", "latin1"),
      /which no plain module needs/,
    ],
    [
      "an operation of newer pickles",
      Buffer.from("\x80\x02\x95\0\0\0\0\0\0\0\0.", "latin1"),
      /operation 0x95/,
    ],
    [
      "a memory of four thousand million values",
      Buffer.from("\x80\x02Nr\xff\xff\xff\xff.", "latin1"),
      /remembers a value under 4294967295/,
    ],
    ["no end", Buffer.from("\x80\x02N", "latin1"), /ends early/],
    ["nothing on its stack", Buffer.from("\x80\x02bbb.", "latin1"), /not there/],
  ])("refuses a pickle with %s", async (_, data, problem) => {
    await expect(check(archive(parts(code(), data)))).rejects.toEqual(refused(problem));
  });

  it("looks into the pickles that tell where source lines came from", async () => {
    const debug = {
      name: "code/__torch__.py.debug_pkl",
      bytes: Buffer.from("\x80\x02cos\nsystem\n.", "latin1"),
    };
    await expect(check(archive([...parts(), debug]))).rejects.toEqual(refused(/debug_pkl names "os.system"/));
  });

  const state = ["def __setstate__(self: __torch__.Bag, state: Tensor) -> None:", "  self.weight = state"];
  it.each<[what: string, source: string, problem: RegExp]>([
    ["__setstate__", code(bagOfWords, state), /__setstate__/],
    [
      "a computed default",
      code(bagOfWords, ["def f(self, x: int=torch.numel(y)) -> int:", "  return x"]),
      /default value of f/,
    ],
    [
      "a computed constant",
      code(bagOfWords, ["size : Final[int] = torch.seed()"]),
      /torch.jit.save does not write/,
    ],
    [
      "a constant that hides in its type",
      code(bagOfWords, ["size : Tuple[", "int] = torch.seed()"]),
      /does not write/,
    ],
    ["a class on one line", `class A(Module): x : int = torch.seed()\n${code()}`, /does not write/],
    ["a statement of its own", `x = torch.seed()\n${code()}`, /does not write/],
    ["tabs", code(bagOfWords, ["\tx : int = torch.seed()"]), /does not write/],
    ["a file to write", code(['torch.save(weight, "/tmp/owned")', ...bagOfWords]), /calls save\(\)/],
    ["a file to read", code(['x9 = torch.from_file("/etc/passwd")', ...bagOfWords]), /calls from_file\(\)/],
    ["something to print", code(["print(weight)", ...bagOfWords]), /calls print\(\)/],
  ])("refuses code with %s", async (_, source, problem) => {
    await expect(check(archive(parts(source)))).rejects.toEqual(refused(problem));
  });

  it("names a file that is not there", async () => {
    await expect(checkTorchScriptFile(join(folder, "none.pt"))).rejects.toMatchObject({ code: "IO" });
  });
});
