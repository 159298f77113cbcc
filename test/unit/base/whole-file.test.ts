// Files that are written whole, and what is no file.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeEach, describe, expect, it } from "vitest";
import { pathBeside, removeLeftovers, writeWhole, writeWholeText } from "../../../src/base/whole-file.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, "out.json");
});

/** The number of a process that has ended. */
function endedProcess(): number {
  return spawnSync("true").pid;
}

describe("a regular file", () => {
  it("is replaced when the new one is whole, and keeps its permissions", async () => {
    writeFileSync(file, "old");
    chmodSync(file, 0o640);
    const result = await writeWhole(file, async (path) => {
      await writeFile(path, "new");
      expect(readFileSync(file, "utf8")).toBe("old");
      return 7;
    });
    expect(result).toBe(7);
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(["out.json"]);
  });

  it("is refused where there is no such folder: its name may be mistyped", async () => {
    const file = join(temporaryFolder(), "a", "b", "c.txt");
    await expect(writeWholeText(file, "new")).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/^cannot write .*c\.txt: ENOENT/),
    });
  });

  it("may have the longest name that there is", async () => {
    const long = join(folder, "ü".repeat(127));
    await writeWholeText(long, "text");
    expect(readdirSync(folder)).toEqual(["ü".repeat(127)]);
  });

  it("stays as it was when its content cannot be made, and nothing is left beside it", async () => {
    writeFileSync(file, "old");
    const failure = new Error("no content");
    const writing = writeWhole(file, async (path) => {
      await writeFile(path, "half");
      throw failure;
    });
    await expect(writing).rejects.toBe(failure);
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["out.json"]);
  });

  it("is left alone once the signal is given", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const writing = writeWhole(
      file,
      async () => {
        controller.abort(reason);
        throw new Error("stopped");
      },
      { signal: controller.signal },
    );
    await expect(writing).rejects.toBe(reason);
    expect(existsSync(file)).toBe(false);
  });

  it("that is a directory is refused", async () => {
    expect(await errorOf(() => writeWholeText(folder, ""))).toMatchObject({
      code: "INVALID_OPTION",
      message: `${folder} is a directory; expected the name of a file to write`,
    });
  });
});

describe("a link", () => {
  it.each([true, false])(
    "stays a link, and what it leads to is written (there already: %s)",
    async (there) => {
      const target = join(folder, "elsewhere", "target");
      mkdirSync(join(folder, "elsewhere"));
      if (there) writeFileSync(target, "old");
      symlinkSync(join("elsewhere", "target"), file);
      await writeWholeText(file, "new");
      expect(lstatSync(file).isSymbolicLink()).toBe(true);
      expect(readlinkSync(file)).toBe("elsewhere/target");
      expect(readFileSync(target, "utf8")).toBe("new");
      expect(readdirSync(join(folder, "elsewhere"))).toEqual(["target"]);
    },
  );

  it("to itself is refused", async () => {
    symlinkSync("out.json", file);
    expect(await errorOf(() => writeWholeText(file, ""))).toMatchObject({ code: "IO" });
  });
});

describe.runIf(process.platform === "linux")("what is no regular file", () => {
  it("is written into: a FIFO", async () => {
    spawnSync("mkfifo", [file]);
    const received = text(spawn("cat", [file]).stdout);
    await writeWholeText(file, "through the FIFO");
    expect(await received).toBe("through the FIFO");
    expect(statSync(file).isFIFO()).toBe(true);
  });

  it("is written into: a socket", async () => {
    const received = new Promise<string>((resolve) => {
      const server = createServer((connection) => {
        resolve(text(connection));
        server.close();
      }).listen(file);
      server.once("listening", () => void writeWholeText(file, "through the socket"));
    });
    expect(await received).toBe("through the socket");
  });

  it("is written into: a device, which says what fails", async () => {
    await writeWholeText("/dev/null", "gone");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(await errorOf(() => writeWholeText("/dev/full", "gone"))).toMatchObject({
      code: "IO",
      message: expect.stringMatching(/^cannot write \/dev\/full: ENOSPC/),
    });
  });

  it.runIf(process.getuid?.() === 0)(
    "is written into or refused, and is there afterwards, for root",
    async () => {
      const made = spawnSync("mknod", [file, "c", "1", "3"]).status === 0;
      if (!made) return;
      await writeWholeText(file, "gone");
      expect(statSync(file).isCharacterDevice()).toBe(true);
      const disk = join(folder, "disk");
      spawnSync("mknod", [disk, "b", "7", "99"]);
      expect(await errorOf(() => writeWholeText(disk, "gone"))).toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining("is a disk (block device)"),
      });
      expect(statSync(disk).isBlockDevice()).toBe(true);
    },
  );

  it("is written into: a file that the process has open", async () => {
    const { open } = await import("node:fs/promises");
    const handle = await open(file, "w");
    await writeWholeText(`/dev/fd/${handle.fd}`, "one, ");
    await writeWholeText(`/proc/self/fd/${handle.fd}`, "two");
    await handle.close();
    expect(readFileSync(file, "utf8")).toBe("one, two");
    expect(await errorOf(() => writeWholeText("/dev/fd/9999", ""))).toMatchObject({ code: "IO" });
  });
});

describe("what a killed process left", () => {
  /** As another process would have named it. */
  const left = (pid: number) => pathBeside(file).replace(`-${process.pid}-`, `-${pid}-`);

  it("goes when the same file is written again; files of living processes and of other files stay", async () => {
    const other = pathBeside(join(folder, "other.json")).replace(`-${process.pid}-`, `-${endedProcess()}-`);
    const alive = left(process.ppid);
    for (const path of [left(endedProcess()), alive, other]) writeFileSync(path, "half");
    await writeWholeText(file, "whole");
    expect(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    ).toEqual([alive, other, file].sort());
    await removeLeftovers(folder);
    expect(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    ).toEqual([alive, file].sort());
  });

  it("on another machine stays for a day, because nobody here knows about its process", async () => {
    const foreign = left(endedProcess()).replace(/writing-[0-9a-f]{8}/, "writing-00000000");
    writeFileSync(foreign, "half");
    await removeLeftovers(folder);
    expect(existsSync(foreign)).toBe(true);
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(foreign, yesterday, yesterday);
    await removeLeftovers(folder);
    expect(existsSync(foreign)).toBe(false);
  });
});
