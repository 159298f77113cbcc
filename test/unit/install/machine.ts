// A pretended machine: its own cache, and a PATH on which lie only the programs that a test puts there.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

export interface Machine {
  /** A directory of its own, with a blank in its name. */
  readonly directory: string;
  readonly cache: string;
  /** Puts a program on the PATH; `body` is JavaScript (CommonJS) that sees its arguments as `args`. */
  program(name: string, body: string): void;
}

/** Gives every test of a file a machine without any program. */
export function useMachine(): Machine {
  const machine = { directory: "", cache: "", program };
  let bin = "";

  function program(name: string, body: string): void {
    const source = `#!${process.execPath}\nconst args = process.argv.slice(2);\n${body}\n`;
    writeFileSync(join(bin, name), source, { mode: 0o755 });
  }

  beforeEach(() => {
    machine.directory = realpathSync(mkdtempSync(join(tmpdir(), "tagformer test-")));
    machine.cache = join(machine.directory, "cache");
    bin = join(machine.directory, "bin");
    mkdirSync(bin);
    vi.stubEnv("PATH", bin);
    vi.stubEnv("TAGFORMER_CACHE", machine.cache);
    for (const name of ["LIBTORCH", "CXX", "CC"]) vi.stubEnv(name, "");
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(machine.directory, { recursive: true });
  });

  return machine;
}

/** Writes what looks like a libtorch; `addContext` is the type that `c10::Error::add_context` takes. */
export function writeTorch(
  directory: string,
  { version = "2.13.0+cu130", addContext = "NSt7__cxx1112basic_string" } = {},
): string {
  for (const name of ["lib", "include/ATen"]) mkdirSync(join(directory, name), { recursive: true });
  const suffix = process.platform === "darwin" ? "dylib" : "so";
  writeFileSync(join(directory, "lib", `libtorch_cpu.${suffix}`), "");
  writeFileSync(join(directory, "lib", `libc10.${suffix}`), `\0_ZN3c105Error11add_contextE${addContext}\0`);
  writeFileSync(join(directory, "include", "ATen", "ATen.h"), "");
  writeFileSync(join(directory, "version.py"), `debug = False\n__version__ = '${version}'\n`);
  return directory;
}

/** A program that answers `--version` like a working one, whatever else it is asked. */
export const answers = (text: string) => `console.log(${JSON.stringify(text)});`;

/** A Python whose torch lies in `directory`, or that has none. */
export const pythonWith = (directory: string | null) => `
if (args[0] === "-c") console.log(${JSON.stringify(directory ?? "")});
else process.exitCode = 1;`;
