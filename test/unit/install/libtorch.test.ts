import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectLibtorch, readTorchVersion } from "../../../src/install/libtorch.js";
import { useMachine, writeTorch } from "./machine.js";

const machine = useMachine();
const directory = () => join(machine.directory, "torch");

describe("inspectLibtorch", () => {
  it("takes the torch of a Python and an unpacked libtorch", () => {
    writeTorch(directory());
    expect(inspectLibtorch(directory())).toEqual({ directory: directory(), version: "2.13.0+cu130" });

    rmSync(join(directory(), "version.py"));
    writeFileSync(join(directory(), "build-version"), "2.6.0+cpu\n");
    expect(inspectLibtorch(directory())).toEqual({ directory: directory(), version: "2.6.0+cpu" });
  });

  it.each(["lib/libc10.so", "lib/libtorch_cpu.so", "include/ATen/ATen.h"])("names a missing %s", (name) => {
    writeTorch(directory());
    const file = join(directory(), process.platform === "darwin" ? name.replace(".so", ".dylib") : name);
    rmSync(file);
    expect(inspectLibtorch(directory())).toBe(`${file} is missing`);
  });

  it.each([
    ["1.13.1", false],
    ["2.5.1+cu121", false],
    ["2.6.0", true],
    ["2.10.0a0+git1234", true],
    ["3.0.0", true],
  ])("compares versions as numbers: %s", (version, usable) => {
    writeTorch(directory(), { version });
    const inspected = inspectLibtorch(directory());
    if (usable) expect(inspected).toMatchObject({ version });
    else expect(inspected).toBe(`its version is ${version}, expected 2.6 or newer`);
  });

  it("refuses the C++ ABI from before C++11", () => {
    writeTorch(directory(), { version: "2.6.0+cu124", addContext: "Ss" });
    expect(inspectLibtorch(directory())).toContain("old C++ ABI");
  });

  it("refuses a directory that does not tell its version", () => {
    writeTorch(directory());
    writeFileSync(join(directory(), "version.py"), "from .somewhere import __version__\n");
    expect(inspectLibtorch(directory())).toMatch(/neither version.py nor build-version/);
  });
});

describe("readTorchVersion", () => {
  it("is null for what is not there", () => {
    mkdirSync(directory());
    expect(readTorchVersion(directory())).toBeNull();
    expect(readTorchVersion(join(directory(), "gone"))).toBeNull();
  });

  it("is not misled by a local name or a comment in version.py", () => {
    mkdirSync(directory());
    writeFileSync(join(directory(), "version.py"), "# __version__ = '1.0'\n__version__ = \"2.14.0\"\n");
    expect(readTorchVersion(directory())).toBe("2.14.0");
  });
});
