import { describe, expect, it, vi } from "vitest";
import { inspectToolchain, requireToolchain } from "../../../src/install/toolchain.js";
import { answers, useMachine } from "./machine.js";

const machine = useMachine();

function installAll(): void {
  machine.program("cmake", answers("cmake version 3.18.4\n\nCMake suite"));
  machine.program("c++", answers("c++ (Debian) 12.2.0\nCopyright"));
  machine.program("make", answers("GNU Make 4.3\nBuilt for"));
}

const failure = async () => {
  const error: unknown = await requireToolchain().catch((thrown: unknown) => thrown);
  return error as Error;
};

it("returns the compiler when everything is there", async () => {
  installAll();
  expect(await requireToolchain()).toBe("c++ (Debian) 12.2.0");
});

it("prefers ninja, and the compiler that CXX names", async () => {
  installAll();
  machine.program("ninja", answers("1.11.1"));
  machine.program("clang++-18", answers("clang version 18.1.0"));
  vi.stubEnv("CXX", "clang++-18");
  const found = (await inspectToolchain()).map((tool) => tool.found);
  expect(found).toEqual(["3.18.4", "clang version 18.1.0", "ninja 1.11.1"]);
});

it("names all that is missing in one sentence", async () => {
  const error = await failure();
  expect(error).toMatchObject({ code: "SETUP_FAILED" });
  for (const name of ["cmake", "C++ compiler (c++)", "ninja nor make"]) expect(error.message).toContain(name);
});

describe("what to type", () => {
  it.each([
    ["apt-get", "apt-get install cmake g++ make"],
    ["dnf", "dnf install cmake gcc-c++ make"],
    ["zypper", "zypper install cmake gcc-c++ make"],
    ["pacman", "pacman -S cmake gcc make"],
    ["brew", "brew install cmake"],
  ])("with %s", async (manager, command) => {
    machine.program(manager, "");
    expect((await failure()).message).toContain(command);
  });

  it("needs sudo unless root, and never with brew", async () => {
    const getuid = vi.spyOn(process, "getuid").mockReturnValue(1000);
    machine.program("brew", "");
    expect((await failure()).message).toContain("Type: brew");
    machine.program("apt-get", "");
    expect((await failure()).message).toContain("Type: sudo apt-get");
    getuid.mockReturnValue(0);
    expect((await failure()).message).toContain("Type: apt-get");
    getuid.mockRestore();
  });

  it("without a known package manager", async () => {
    expect((await failure()).message).toContain("Install CMake");
  });
});

it.each(["3.17.5", "2.8.12"])("refuses CMake %s", async (version) => {
  installAll();
  machine.program("cmake", answers(`cmake version ${version}`));
  expect((await failure()).message).toContain(`cmake is version ${version}, expected 3.18 or newer`);
});

it.each(["3.30.0-rc1", "4.1.2"])("takes CMake %s", async (version) => {
  installAll();
  machine.program("cmake", answers(`cmake version ${version}`));
  expect((await inspectToolchain())[0]).toMatchObject({ found: version, problem: null });
});

it("refuses a compiler that does not compile C++20", async () => {
  installAll();
  machine.program("c++", `if (args[0] === "--version") console.log("c++ 7.5.0"); else process.exit(1);`);
  expect((await failure()).message).toContain("c++ 7.5.0 does not compile C++20");
});
