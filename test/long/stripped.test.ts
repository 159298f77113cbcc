// The engine over the libtorch of the platform's package, which is stripped and less than the one that set-up fetches.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheDirectory } from "../../src/install/locations.js";
import { root, run } from "../e2e/package.js";
import { copyCheckout, engineTests, installPlatform } from "./checkout.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-stripped-"));
const copy = join(directory, "tagformer");
const cache = join(directory, "cache");

beforeAll(() => {
  copyCheckout(copy);
  const modules = join(copy, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules")))
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  installPlatform(process.arch, join(directory, "packed"), modules);
  // Everything of the cache but add-on and libtorch.
  mkdirSync(cache);
  for (const name of readdirSync(cacheDirectory()).filter((name) => /^(parity-python|minilm)/.test(name)))
    symlinkSync(join(cacheDirectory(), name), join(cache, name));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("passes the engine's tests, and is equal to transformers as the original is", () => {
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const parameters = [vitest, "run", "--project", "cpu", ...engineTests, "test/parity"];
  const { status, stdout, stderr } = run(process.execPath, parameters, copy, { TAGFORMER_CACHE: cache });
  expect(stdout).toMatch(/Tests .*\d+ passed/);
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: expect.any(String) });
});
