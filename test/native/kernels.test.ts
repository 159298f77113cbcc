// The CPU kernels by themselves: native/test checks each against double precision, without libtorch.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/base/package.js";
import { buildDirectory } from "../../src/install/locations.js";

/** A compiler that is slow on a busy machine is no fault of the kernels. */
const noLimit = 0;

/** The program's exit status where the processor lacks the instruction set. */
const unsupported = 2;

function run(command: string, environment: Record<string, string>, ...parameters: string[]) {
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync(command, parameters, { encoding: "utf8", env });
  return { status, output: `${stdout}${stderr}` };
}

/** Compiles the program in a build directory of its own; none of libtorch's files is needed for it. */
function build(name: string, type: string, flags: string): string {
  const directory = join(buildDirectory(), name);
  const cmake = (...parameters: string[]) => {
    const { status, output } = run("cmake", {}, ...parameters);
    if (status !== 0) throw new Error(`cmake ${parameters.join(" ")} failed:\n${output}`);
  };
  const definitions = [
    `CMAKE_BUILD_TYPE=${type}`,
    `CMAKE_CXX_FLAGS=${flags}`,
    ...["TAGFORMER_TORCH", "TAGFORMER_TORCH_VERSION", "CMAKE_JS_INC"].map((unused) => `${unused}=none`),
  ];
  cmake("-S", packageRoot, "-B", directory, ...definitions.map((definition) => `-D${definition}`));
  cmake("--build", directory, "--target", "kernels_test", "--parallel", `${availableParallelism()}`);
  return join(directory, "kernels_test");
}

const instructionSets = {
  x64: ["portable", "avx2", "avx512", "avx512_bf16", "avx512_amx"],
  arm64: ["neon", "neon_bf16"],
}[process.arch as string] ?? ["portable"];

describe.each([
  ["kernels-test", "Release", ""],
  ["kernels-test-sanitized", "Debug", "-fsanitize=address,undefined -fno-sanitize-recover=all"],
])("%s", (name, type, flags) => {
  let program: string;
  beforeAll(() => {
    program = build(name, type, flags);
  }, noLimit);

  it.for(instructionSets)("%s", (instructionSet, { skip }) => {
    const { status, output } = run(program, { TAGFORMER_ISA: instructionSet });
    if (status === unsupported) skip(output);
    expect(output).toMatch(new RegExp(`^kernels: ${instructionSet}\\n\\d+ passed, 0 failed\\n$`));
    expect(status).toBe(0);
  });
});
