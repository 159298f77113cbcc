import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { writeOutput } from "../../../src/cli/output.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("standard output", () => {
  it("takes the next piece only when its reader took the one before", async () => {
    const taken: [string, () => void][] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text, done) => {
      taken.push([String(text), done as unknown as () => void]);
      return false;
    });
    let produced = 0;
    const writing = writeOutput(undefined, async (write) => {
      for (; produced < 3; produced++) await write(`piece ${produced}`);
    });
    for (let i = 0; i < 3; i++) {
      await new Promise(setImmediate);
      expect(produced).toBe(i);
      expect(taken[i]![0]).toBe(`piece ${i}`);
      taken[i]![1]();
    }
    await writing;
    expect(taken).toHaveLength(3);
  });
});

describe("a file", () => {
  it("appears under its name when it is whole, in the place of the old one", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "out.csv");
    writeFileSync(file, "old");
    await writeOutput(file, async (write) => {
      await write("new, ");
      expect(readFileSync(file, "utf8")).toBe("old");
      await write("whole");
    });
    expect(readFileSync(file, "utf8")).toBe("new, whole");
    expect(readdirSync(folder)).toEqual(["out.csv"]);
  });

  it.each(["", "half"])("is left as it was when its content cannot be made, after %o", async (text) => {
    const folder = temporaryFolder();
    const file = join(folder, "out.csv");
    const failure = new TagformerError("INVALID_DATA", "line 7");
    const writing = writeOutput(file, async (write) => {
      if (text !== "") await write(text);
      throw failure;
    });
    await expect(writing).rejects.toBe(failure);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that cannot be written is named", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const file = join(folder, "file", "out.csv");
    const error = await errorOf(() => writeOutput(file, (write) => write("text")));
    expect(error).toMatchObject({
      code: "IO",
      message: expect.stringContaining(`cannot write ${file}: `),
    });
  });

  it("that is a directory is named, and left as it is", async () => {
    const folder = temporaryFolder();
    const error = await errorOf(() => writeOutput(folder, (write) => write("text")));
    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(`${folder} is a directory; expected`),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("has the result of an error of the producer's own, unchanged", async () => {
    const failure = new TypeError("a bug");
    const writing = writeOutput(join(temporaryFolder(), "out.csv"), () => Promise.reject(failure));
    await expect(writing).rejects.toBe(failure);
  });
});

describe.runIf(process.platform === "linux")("what is no file", () => {
  it("takes the pieces as they come", async () => {
    const fifo = join(temporaryFolder(), "fifo");
    spawnSync("mkfifo", [fifo]);
    const received = text(spawn("cat", [fifo]).stdout);
    await writeOutput(fifo, async (write) => {
      await write("one, ");
      await write("two");
    });
    expect(await received).toBe("one, two");
    expect(statSync(fifo).isFIFO()).toBe(true);
  });

  it("that takes nothing is named", async () => {
    const error = await errorOf(() => writeOutput("/dev/full", (write) => write("text")));
    expect(error).toMatchObject({
      code: "IO",
      message: expect.stringMatching(/^cannot write \/dev\/full: ENOSPC/),
    });
  });
});
