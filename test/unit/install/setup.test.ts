// The whole of setup and doctor, with a pretended CMake that "builds" a copy of the real add-on.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { runDoctor } from "../../../src/cli/doctor.js";
import { ensureSetUp, runSetup, showProgress } from "../../../src/cli/setup.js";
import { findBuiltAddon } from "../../../src/install/built-addon.js";
import { type Check, diagnose } from "../../../src/install/doctor.js";
import { addonDirectory, addonName, buildDirectory } from "../../../src/install/locations.js";
import { setUp } from "../../../src/install/setup.js";
import { answers, pythonWith, useMachine, writeTorch } from "./machine.js";

const realAddon = findBuiltAddon()?.file; // before any test pretends another cache
if (!realAddon) throw new Error("this test needs the add-on; type: node dist/bundle/main.js setup");
const machine = useMachine();
const silent = () => {};
let torch = "";

beforeEach(() => {
  torch = writeTorch(join(machine.directory, "site-packages/torch"));
  machine.program("python3", pythonWith(torch));
  machine.program("c++", answers("c++ 12.2.0"));
  for (const name of ["gcc", "g++"]) machine.program(name, ""); // what cmake-js looks for
  machine.program("make", answers("GNU Make 4.3"));
  useCMake(`fs.copyFileSync(${JSON.stringify(realAddon)}, built)`);
});

/** A CMake that does `build` when it is told to build; `built` is the file to make. Its calls are counted. */
function useCMake(build: string, configure = ""): void {
  machine.program(
    "cmake",
    `
const fs = require("node:fs");
if (args[0] === "--version") { console.log("cmake version 3.25.1"); process.exit(); }
if (args[0] === "-E") { console.log(JSON.stringify({ generators: [] })); process.exit(); }
fs.appendFileSync(${JSON.stringify(join(machine.directory, "calls"))}, args.join(" ") + "\\n");
if (args[0] !== "--build") { ${configure}; fs.writeFileSync("CMakeCache.txt", ""); process.exit(); }
fs.mkdirSync(args[1] + "/Release", { recursive: true });
const built = args[1] + "/Release/${addonName}";
console.log("[1/2] Building CXX object a.cc.o");
${build};`,
  );
}

const statusOf = (checks: readonly Check[], name: string) =>
  checks.find((check) => check.name === name)?.status;
const calls = () => readFileSync(join(machine.directory, "calls"), "utf8").trim().split("\n");

it("builds for the libtorch it found, tests, installs; and does nothing the second time", async () => {
  const steps = vi.fn();
  const first = await setUp({ progress: steps });
  expect(first).toMatchObject({
    built: true,
    torchDirectory: torch,
    torchVersion: "2.13.0+cu130",
    compiler: "c++ 12.2.0",
    file: join(addonDirectory(), addonName),
  });
  expect(findBuiltAddon()?.file).toBe(first.file);
  expect(calls()[0]).toContain(`-DTAGFORMER_TORCH=${torch}`);
  expect(calls()[0]).toContain("-DTAGFORMER_TORCH_VERSION=2.13.0+cu130");
  expect(steps).toHaveBeenCalledWith(
    expect.stringContaining("compiling"),
    "[1/2] Building CXX object a.cc.o",
  );

  expect(await setUp({ progress: steps })).toEqual({ ...first, built: false });
  expect(calls()).toHaveLength(2);
});

it("builds again when the add-on is broken, or another libtorch is asked for", async () => {
  await setUp({ progress: silent });
  writeFileSync(join(addonDirectory(), addonName), "not a library");
  expect(await setUp({ progress: silent })).toMatchObject({ built: true });

  vi.stubEnv("LIBTORCH", torch);
  expect(await setUp({ progress: silent })).toMatchObject({ built: false });
  const other = writeTorch(join(machine.directory, "other"), { version: "2.15.0" });
  vi.stubEnv("LIBTORCH", other);
  expect(await setUp({ progress: silent })).toMatchObject({ built: true, torchDirectory: other });
  vi.stubEnv("LIBTORCH", "");
  expect(await setUp({ progress: silent, torch: "2.13.0" })).toMatchObject({
    built: true,
    torchDirectory: torch,
  });
});

it("does not install an add-on that does not load", async () => {
  useCMake('fs.writeFileSync(built, "not a library")');
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringMatching(/built with libtorch 2\.13\.0\+cu130 of .*, but does not work: /),
  });
  expect(findBuiltAddon()?.file).toBeUndefined();
});

it("shows the compiler's first error, and keeps the rest", async () => {
  useCMake(`console.log("a.cc:1:2: error: expected ';'\\nmore"); process.exit(1)`);
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    message: "the native add-on could not be built: a.cc:1:2: error: expected ';'",
    cause: expect.stringContaining("more"),
  });
  useCMake(`console.error("c++: fatal error: Killed signal terminated program cc1plus"); process.exit(1)`);
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    message: expect.stringContaining("out of memory"),
  });
});

it("begins afresh where the build directory was configured for another compiler", async () => {
  mkdirSync(buildDirectory(), { recursive: true });
  const stale = join(buildDirectory(), "CMakeCache.txt");
  writeFileSync(stale, "another compiler");
  useCMake(
    `fs.copyFileSync(${JSON.stringify(realAddon)}, built)`,
    `if (fs.existsSync(${JSON.stringify(stale)})) process.exit(1)`,
  );
  expect(await setUp({ progress: silent })).toMatchObject({ built: true });
});

it("looks for the compiler before it fetches anything", async () => {
  machine.program("cmake", "process.exit(1)");
  machine.program("python3", 'throw new Error("too early")');
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringContaining("there is no cmake on the PATH"),
  });
});

it("says so when the cache cannot be written", async () => {
  writeFileSync(machine.cache, "a file where a directory belongs");
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringContaining("set TAGFORMER_CACHE to a directory that can be written to"),
  });
  expect(statusOf(await diagnose(), "cache")).toBe("failed");
});

it("takes no other libtorch than the one that LIBTORCH names", async () => {
  vi.stubEnv("LIBTORCH", "/nowhere");
  await expect(setUp({ progress: silent })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringMatching(
      /^LIBTORCH is \/nowhere, which cannot be used: .* is missing; correct it, or unset it/,
    ),
  });
});

it.each(["latest", "2.13", "2.13.0; rm", ""])("refuses %j as a version", async (version) => {
  await expect(setUp({ progress: silent, torch: version })).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

it("doctor tells before and after setup", async () => {
  const before = await diagnose();
  expect(statusOf(before, "add-on")).toBe("failed");
  expect(before.find(({ name }) => name === "add-on")?.found).toContain("npx tagformer setup");
  expect(statusOf(before, "libtorch: the torch of python3")).toBe("ok");
  expect(statusOf(before, "libtorch: LIBTORCH")).toBe("note");

  await setUp({ progress: silent });
  const after = await diagnose();
  expect(after.filter(({ status }) => status === "failed")).toEqual([]);
  expect(statusOf(after, "add-on loads")).toBe("ok");

  rmSync(join(machine.directory, "bin", "cmake"));
  expect(statusOf(await diagnose(), "CMake")).toBe("note");
  writeFileSync(join(addonDirectory(), addonName), "not a library");
  const broken = await diagnose();
  expect(statusOf(broken, "add-on loads")).toBe("failed");
  expect(statusOf(broken, "CMake")).toBe("failed");
});

it("the commands print what they did, as text and as one JSON document", async () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    await runDoctor({});
    expect(written.pop()).toMatch(/^FAILED add-on .*npx tagformer setup$/m);
    expect(process.exitCode).toBe(1);
    process.exitCode = 0;
    await ensureSetUp();
    await ensureSetUp();
    expect(calls()).toHaveLength(2);
    await runSetup({});
    expect(written.pop()).toBe("The native add-on is in place, with libtorch 2.13.0+cu130.\n");
    await runSetup({ json: true });
    expect(JSON.parse(written.pop() ?? "")).toMatchObject({ built: false, torchDirectory: torch });
    await runDoctor({ json: true });
    expect(JSON.parse(written.pop() ?? "").checks).toContainEqual(
      expect.objectContaining({ name: "add-on loads", status: "ok" }),
    );
    expect(process.exitCode).toBe(0);
  } finally {
    process.exitCode = undefined;
    vi.restoreAllMocks();
  }
});

it("progress takes one line for each step, and on a terminal one more for its details", () => {
  const shownOn = (isTTY: boolean) => {
    const shown: string[] = [];
    const stream = { isTTY, columns: 20, write: (part: string) => void shown.push(part) };
    const progress = showProgress(stream as unknown as NodeJS.WriteStream);
    progress("one");
    progress("one", "detail that is longer than the line");
    progress("two");
    return shown.join("");
  };
  expect(shownOn(false)).toBe("setup: one\nsetup: two\n");
  expect(shownOn(true)).toContain("  detail that is lo\r");
});
