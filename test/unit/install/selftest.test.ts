import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { selfTest } from "../../../src/install/selftest.js";
import { useMachine } from "./machine.js";

const machine = useMachine();

/** A stand-in for an add-on: for Node, a module is a module. */
function pretend(source: string): string {
  const file = join(machine.directory, "addon.cjs");
  writeFileSync(file, source);
  return file;
}

const failingWith = (message: string) => pretend(`throw new Error(${JSON.stringify(message)})`);

it("returns what the add-on says of itself", async () => {
  const said = { version: "1", torchVersion: "2", kernels: "avx2", cpuCapability: "AVX2" };
  const file = pretend(`exports.selfTest = () => (${JSON.stringify(said)})`);
  expect(await selfTest(file)).toEqual(said);
});

it.each([
  [
    "/lib/libm.so.6: version `GLIBC_2.99' not found (required by x)",
    /too old for libtorch \(it lacks GLIBC_2.99\)/,
  ],
  ["libgomp.so.1: cannot allocate memory in static TLS block", /GLIBC_TUNABLES=/],
  ["libcudart.so.13: cannot open shared object file: No such file", /libcudart.so.13 is missing/],
  ["/a/tagformer.node: undefined symbol: _ZN2at4onesE", /libtorch has changed.*_ZN2at4onesE/],
  ["libtorch gives wrong results on this processor", /^libtorch gives wrong results on this processor$/],
])("explains %s", async (message, problem) => {
  const result = await selfTest(failingWith(message));
  expect(result).toMatchObject({
    problem: expect.stringMatching(problem),
    output: expect.stringContaining(message),
  });
});

it("survives an add-on that kills its process", async () => {
  expect(
    await selfTest(pretend("process.kill(process.pid, 'SIGILL'); setInterval(() => {}, 9)")),
  ).toMatchObject({
    problem: expect.stringContaining("processor does not have"),
  });
  expect(await selfTest(pretend("process.abort()"))).toMatchObject({ problem: "it ended with SIGABRT" });
  expect(await selfTest(pretend("process.exit(3)"))).toMatchObject({ problem: "it ended with status 3" });
});
