import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeDirectories, makeDirectoriesSync } from "../../../src/base/directories.js";
import { temporaryDirectory } from "../model/files.js";

it("makes what is missing and names the uppermost", async () => {
  const top = temporaryDirectory();
  await expect(makeDirectories(join(top, "a", "b", "c"))).resolves.toBe(join(top, "a"));
  expect(existsSync(join(top, "a", "b", "c"))).toBe(true);
  await expect(makeDirectories(join(top, "a", "b"))).resolves.toBeUndefined();
  makeDirectoriesSync(join(top, "d", "e"));
  makeDirectoriesSync(join(top, "d", "e"));
  expect(existsSync(join(top, "d", "e"))).toBe(true);
});

it("makes one directory for several who ask at once", async () => {
  const path = join(temporaryDirectory(), "a", "b");
  await Promise.all(Array.from({ length: 20 }, () => makeDirectories(path)));
  expect(existsSync(path)).toBe(true);
});

it("refuses a file in the way", async () => {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "below")]) {
    await expect(makeDirectories(path)).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(() => makeDirectoriesSync(path)).toThrow(/EEXIST|ENOTDIR/);
  }
  rmSync(file);
});

// Node's own recursive mkdir never returns here.
it.runIf(process.platform === "linux")("refuses what the file system cannot make", async () => {
  await expect(makeDirectories("/proc/tagformer/cache")).rejects.toThrow(/ENOENT.*\/proc\/tagformer/);
  expect(() => makeDirectoriesSync("/proc/tagformer/cache")).toThrow(/ENOENT.*\/proc\/tagformer/);
});
