import { expect, it } from "vitest";
import { platformProblem } from "../../../src/install/platform.js";

it.each([
  ["linux", "2.28", null],
  ["linux", "2.36", null],
  ["linux", "3.0", null],
  ["darwin", null, null],
  ["linux", "2.17", /2\.17, but libtorch needs 2\.28/],
  ["linux", null, /musl/],
  ["win32", null, /not supported on win32/],
] as const)("%s with glibc %s", (platform, glibc, problem) => {
  const found = platformProblem(platform, glibc);
  if (problem === null) expect(found).toBeNull();
  else expect(found).toMatch(problem);
});
