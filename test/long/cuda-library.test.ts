// Our CUDA library where there is no GPU: built and opened with the libtorch of the parity tests, and its sources and the
// flash operator's wrapper compiled with the headers of others. Fetches a gigabyte of wheels. It proves no number.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findParityPython } from "../../scripts/parity-python.mjs";
import { packageVersion } from "../../src/base/package.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tagformer-cuda-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parityPython = findParityPython();
if (parityPython === null) throw new Error("no parity Python; type: node scripts/parity-python.mjs");
const run = (command: string, words: readonly string[]) =>
  execFileSync(command, words, { encoding: "utf8", cwd: root, maxBuffer: 2 ** 28 });
const python = (source: string, ...words: string[]) => run(parityPython, ["-c", source, ...words]).trim();

const torch = python("import torch; print(torch.__path__[0])");
const torchVersion = python("import torch; print(torch.__version__)");
const headers = join(folder, "headers");
const cudaInclude = join(headers, "nvidia", "cu13", "include");
const wheelIncludes = ["cu13", "nccl"].map((name) => join(torch, "..", "nvidia", name, "include"));

beforeAll(() => {
  const packages = ["runtime", "crt", "cccl"].map((name) => `nvidia-cuda-${name}==13.0.*`);
  run(parityPython, ["-m", "pip", "install", "--quiet", "--no-deps", "--target", headers, ...packages]);
});

it("is built and opened, and says what it was built for", () => {
  const build = join(folder, "build");
  const definitions = {
    TAGFORMER_TORCH: torch,
    TAGFORMER_TORCH_VERSION: torchVersion,
    TAGFORMER_CUDA_INCLUDE: cudaInclude,
  };
  const words = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run("cmake", ["-S", root, "-B", build, ...words]);
  run("cmake", ["--build", build, "--target", "tagformer_cuda"]);
  const open = [
    "import ctypes, sys, torch",
    // For all others to see, as the add-on opens it.
    "ctypes.CDLL(torch.__path__[0] + '/lib/libtorch_cuda.so', ctypes.RTLD_GLOBAL)",
    "library = ctypes.CDLL(sys.argv[1])",
    "library.tagformer_make_recording",
    "library.tagformer_make_nccl",
    "library.tagformer_cuda_version.restype = ctypes.c_char_p",
    "print(library.tagformer_cuda_version().decode())",
  ].join("\n");
  const library = join(build, "libtagformer_cuda.so");
  expect(python(open, library)).toBe(`${packageVersion()} for libtorch ${torchVersion}`);
});

it.each(["2.11.0", "2.15.0"])("compiles with the headers of libtorch %s", (version) => {
  const wheels = join(folder, version);
  mkdirSync(wheels);
  const download = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"];
  run(parityPython, [...download, "--python-version", "3.12", "--dest", wheels, `torch==${version}`]);
  const [wheel] = readdirSync(wheels);
  const unpack = [
    "import sys, zipfile",
    "archive = zipfile.ZipFile(sys.argv[1])",
    "archive.extractall(sys.argv[2], [n for n in archive.namelist() if n.startswith('torch/include/')])",
  ].join("\n");
  python(unpack, join(wheels, wheel!), wheels);
  rmSync(join(wheels, wheel!));
  const include = join(wheels, "torch", "include");
  const system = [include, join(include, "torch", "csrc", "api", "include"), cudaInclude, ...wheelIncludes];
  const options = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Inative"];
  const definitions = ['-DTAGFORMER_VERSION="0"', '-DTAGFORMER_TORCH_VERSION="0"'];
  const sources = ["native/cuda/recording.cc", "native/cuda/nccl.cc", "native/layers/flash_attention.cc"];
  const words = [...options, ...system.flatMap((path) => ["-isystem", path]), ...definitions, ...sources];
  expect(run(process.env.CXX || "c++", words)).toBe("");
});
