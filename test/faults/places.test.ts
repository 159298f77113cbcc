// The add-on on several threads, in several processes and from several installed copies at once.
import { cpSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/base/package.js";
import { addonDirectory, cacheDirectory } from "../../src/install/locations.js";
import { runChild } from "./run-child.js";

async function checkAnswers(count: number, ...parameters: string[]): Promise<void> {
  const { end, reports, stderr } = await runChild("places.mjs", ...parameters);
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const answers = reports.answers as number[][];
  expect(answers).toHaveLength(count);
  expect(answers[0]).toHaveLength(6);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
}

/** Another installed copy of the package. */
function copyPackage(): string {
  const copy = mkdtempSync(join(tmpdir(), "tagformer-copy-"));
  for (const name of ["package.json", "CMakeLists.txt", "native", "dist"]) {
    cpSync(join(packageRoot, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(packageRoot, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** The cache directory with another copy of the built add-on: another file is another library to the system. */
function copyAddon(): string {
  const cache = mkdtempSync(join(tmpdir(), "tagformer-cache-"));
  cpSync(addonDirectory(), join(cache, relative(cacheDirectory(), addonDirectory())), { recursive: true });
  return cache;
}

const copyOf = (root: string, cache: string) =>
  `${pathToFileURL(join(root, "dist", "native/model.js"))}|${cache}`;

describe("a model gives the same answers", () => {
  it.each([
    ["eight workers", 8],
    ["one worker after the other", 3],
    ["main and worker", 3],
    ["main and a worker that is terminated", 2],
    ["child_process.fork", 2],
    ["cluster", 3],
  ])("in %s", async (place, count) => checkAnswers(count, place));

  it.each([
    ["the same built add-on", cacheDirectory],
    ["one each", copyAddon],
  ])("in two copies of the package with %s", async (_, secondCache) => {
    const copies = [copyOf(packageRoot, cacheDirectory()), copyOf(copyPackage(), secondCache())];
    await checkAnswers(2, "two copies", ...copies);
  });
});
