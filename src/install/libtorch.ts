// What a usable libtorch is: headers, libraries, version and C++ ABI of one directory.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The version that setup fetches when the machine has none. */
export const defaultTorchVersion = "2.13.0";

const oldestTorch = [2, 6] as const;

/** A directory with libtorch's `include` and `lib`: the `torch` package of a Python, or an unpacked libtorch. */
export interface Libtorch {
  readonly directory: string;
  /** With its build, such as `2.13.0+cu130`. */
  readonly version: string;
}

/** The full version of the libtorch in `directory`, or `null` when none is written there. */
export function readTorchVersion(directory: string): string | null {
  const inPython = readOrNull(join(directory, "version.py"))?.match(/^__version__ = ['"](.+)['"]/m)?.[1];
  return inPython ?? readOrNull(join(directory, "build-version"))?.trim() ?? null;
}

/** Whether the libtorch in `directory` has a CUDA library, which may still lack what it is linked with. */
export function hasCudaLibrary(directory: string): boolean {
  return existsSync(join(directory, "lib", "libtorch_cuda.so"));
}

/** The libtorch in `directory`, or a phrase that says why it cannot be used. */
export function inspectLibtorch(directory: string): Libtorch | string {
  const library = (name: string) =>
    join(directory, "lib", `lib${name}.${process.platform === "darwin" ? "dylib" : "so"}`);
  const needed = [library("torch_cpu"), library("c10"), join(directory, "include", "ATen", "ATen.h")];
  const missing = needed.find((file) => !existsSync(file));
  if (missing) return `${missing} is missing`;

  const version = readTorchVersion(directory);
  if (version === null) return "neither version.py nor build-version tells its version";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldestTorch[0] || (major === oldestTorch[0] && minor < oldestTorch[1])) {
    return `its version is ${version}, expected ${oldestTorch.join(".")} or newer`;
  }
  if (hasOldAbi(library("c10")))
    return `${version} was built with the old C++ ABI, expected the one of C++11`;
  return { directory, version };
}

/** Whether `c10::Error::add_context(std::string)` takes the string from before C++11, as wheels up to 2.6 do. */
function hasOldAbi(c10: string): boolean {
  return readFileSync(c10).includes("_ZN3c105Error11add_contextESs");
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
