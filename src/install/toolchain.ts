// The programs that build the add-on: CMake, a compiler for C++20, Ninja or Make.
import { accessSync, constants, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { TagformerError } from "../base/errors.js";
import { type Outcome, run } from "./run.js";

const oldestCMake = [3, 18] as const;

/** One program: the version found, or a phrase that says what is wrong. */
export interface Tool {
  readonly name: "CMake" | "C++ compiler" | "build program";
  readonly found: string | null;
  readonly problem: string | null;
}

/** Looks at every program that the build needs. */
export function inspectToolchain(): Promise<Tool[]> {
  return Promise.all([inspectCMake(), inspectCompiler(), inspectBuildProgram()]);
}

/** The compiler's name and version; throws `SETUP_FAILED` with the command to type when something is missing. */
export async function requireToolchain(): Promise<string> {
  const tools = await inspectToolchain();
  const problems = tools.flatMap((tool) => tool.problem ?? []);
  if (problems.length > 0) {
    throw new TagformerError("SETUP_FAILED", `${problems.join("; ")}. ${installAdvice()}`);
  }
  return tools.find((tool) => tool.name === "C++ compiler")?.found ?? "unknown";
}

const packagesOf = {
  "apt-get": "apt-get install cmake g++ make",
  dnf: "dnf install cmake gcc-c++ make",
  zypper: "zypper install cmake gcc-c++ make",
  pacman: "pacman -S cmake gcc make",
  brew: "brew install cmake (and, for the compiler: xcode-select --install)",
};

/** The sentence that tells what to type to get all the programs here. */
export function installAdvice(): string {
  const manager = Object.entries(packagesOf).find(([name]) => isOnPath(name));
  if (!manager) return "Install CMake, make and GCC 11 (or Clang 14) or newer.";
  const asRoot = manager[0] === "brew" || process.getuid?.() === 0 ? "" : "sudo ";
  return `Type: ${asRoot}${manager[1]}`;
}

async function inspectCMake(): Promise<Tool> {
  const name = "CMake";
  const outcome = await run("cmake", ["--version"]);
  const version = outcome.stdout.match(/version (\d+)\.(\d+)\S*/);
  if (!version) return { name, found: null, problem: "there is no cmake on the PATH" };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const found = version[0].replace("version ", "");
  const old = major < oldestCMake[0] || (major === oldestCMake[0] && minor < oldestCMake[1]);
  const problem = old ? `cmake is version ${found}, expected ${oldestCMake.join(".")} or newer` : null;
  return { name, found, problem };
}

/** The compiler that CMake would choose, asked to compile something of C++20's library. */
async function inspectCompiler(): Promise<Tool> {
  const name = "C++ compiler";
  const compiler = process.env.CXX || "c++";
  const version = await run(compiler, ["--version"]);
  if (version.status !== 0) return { name, found: null, problem: `there is no C++ compiler (${compiler})` };
  const found = version.stdout.split("\n")[0] ?? compiler;
  const source = join(tmpdir(), `tagformer-c++20-${process.pid}.cc`);
  writeFileSync(source, "#include <bit>\nstatic_assert(std::bit_cast<unsigned>(1.0F) == 0x3f800000U);\n");
  const compiled = await run(compiler, ["-std=c++20", "-fsyntax-only", source]);
  rmSync(source);
  const problem = compiled.status === 0 ? null : `${found} does not compile C++20`;
  return { name, found, problem };
}

async function inspectBuildProgram(): Promise<Tool> {
  const name = "build program";
  const ninja: Outcome = await run("ninja", ["--version"]);
  if (ninja.status === 0) return { name, found: `ninja ${ninja.stdout.trim()}`, problem: null };
  const make = await run("make", ["--version"]);
  if (make.status === 0) return { name, found: make.stdout.split("\n")[0] ?? "make", problem: null };
  return { name, found: null, problem: "there is neither ninja nor make on the PATH" };
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
