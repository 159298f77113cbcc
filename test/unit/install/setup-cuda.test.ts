// tagformer setup --cuda, with a pretended pip and CMake: which libtorch it takes, and what it fetches.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { findBuiltAddon } from "../../../src/install/built-addon.js";
import { diagnose } from "../../../src/install/doctor.js";
import {
  addonDirectory,
  addonName,
  cudaLibraryName,
  fetchedSitePackages,
  fetchedTorch,
} from "../../../src/install/locations.js";
import type { CudaInspection } from "../../../src/install/selftest.js";
import { setUp } from "../../../src/install/setup.js";
import { answers, pythonWith, useMachine, writeTorch } from "./machine.js";

/** What the add-on says of CUDA, one answer a question, the last for all that follow. */
const { inspections } = vi.hoisted(() => ({ inspections: [] as CudaInspection[] }));
vi.mock("../../../src/install/selftest.js", async (original) => ({
  ...(await original<typeof import("../../../src/install/selftest.js")>()),
  inspectCuda: async () => (inspections.length > 1 ? inspections.shift() : inspections[0]),
}));

const works: CudaInspection = {
  driverVersion: "13.0",
  driverProblem: "",
  gpus: ["NVIDIA H200"],
  library: "/somewhere/libtorch_cuda.so",
  libraryProblem: "",
  ownLibrary: "/somewhere/libtagformer_cuda.so",
  ownLibraryProblem: "",
};
const lacks = {
  ...works,
  libraryProblem: "libcusparse.so.12 is missing; type: npx tagformer setup --cuda",
};

const realAddon = findBuiltAddon()?.file;
if (!realAddon) throw new Error("this test needs the add-on; type: node dist/bundle/main.js setup");
const machine = useMachine();
const silent = () => {};
const onLinuxX64 = it.runIf(process.platform === "linux" && process.arch === "x64");

beforeEach(() => {
  machine.program("python3", pythonWith(null));
  machine.program("c++", answers("c++ 12.2.0"));
  for (const name of ["gcc", "g++"]) machine.program(name, "");
  machine.program("make", answers("GNU Make 4.3"));
  machine.program(
    "cmake",
    `
const fs = require("node:fs");
if (args[0] === "--version") { console.log("cmake version 3.25.1"); process.exit(); }
if (args[0] === "-E") { console.log(JSON.stringify({ generators: [] })); process.exit(); }
if (args[0] !== "--build") { fs.writeFileSync("CMakeCache.txt", ""); process.exit(); }
fs.mkdirSync(args[1] + "/Release", { recursive: true });
if (args.includes("tagformer_cuda")) {
  const headers = ${JSON.stringify(machine.directory)} + "/no-headers";
  if (fs.existsSync(headers)) {
    fs.rmSync(headers);
    console.error("ninja: error: unknown target 'tagformer_cuda'");
    process.exit(1);
  }
  fs.writeFileSync(args[1] + "/Release/${cudaLibraryName}", "built");
  process.exit();
}
fs.copyFileSync(${JSON.stringify(realAddon)}, args[1] + "/Release/${addonName}");`,
  );
  machine.program(
    "pip",
    `
const fs = require("node:fs");
if (args.includes("--help")) process.exit(0);
fs.appendFileSync(${JSON.stringify(join(machine.directory, "calls"))}, args.join(" ") + "\\n");
const target = args[args.indexOf("--target") + 1];
fs.mkdirSync(target + "/nvidia", { recursive: true });
fs.writeFileSync(target + "/nvidia/fetched", "");`,
  );
});

/** The libtorch that setup fetched before, with its CUDA library and what libtorch_cpu needs. */
function writeFetched(): string {
  const target = fetchedSitePackages("2.13.0");
  writeTorch(fetchedTorch("2.13.0"));
  writeFileSync(join(fetchedTorch("2.13.0"), "lib", "libtorch_cuda.so"), "");
  mkdirSync(join(target, "nvidia"));
  writeFileSync(join(target, "nvidia", "old"), "");
  mkdirSync(join(target, "torch-2.13.0.dist-info"));
  const requirements = [
    "filelock",
    'cuda-toolkit[cublas,cudart,cupti]==13.0.3; platform_system == "Linux"',
    'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"',
    'nvidia-nccl-cu13==2.29.7; platform_system == "Linux"',
    "triton==3.7.1",
  ];
  const metadata = requirements.map((one) => `Requires-Dist: ${one}`).join("\n");
  writeFileSync(join(target, "torch-2.13.0.dist-info", "METADATA"), metadata);
  return target;
}

const calls = () => readFileSync(join(machine.directory, "calls"), "utf8").trim().split("\n");

onLinuxX64("fetches what the CUDA library is linked with, in the versions that the wheel pins", async () => {
  const target = writeFetched();
  inspections.splice(0, 9, lacks, works);
  expect(await setUp({ cuda: true, progress: silent })).toMatchObject({
    built: true,
    torchDirectory: fetchedTorch("2.13.0"),
  });
  expect(calls()).toHaveLength(1);
  expect(calls()[0]).toMatch(
    / cuda-toolkit\[cublas,cudart,cupti\]==13\.0\.3 nvidia-cudnn-cu13==9\.20\.0\.48 nvidia-nccl-cu13==2\.29\.7$/,
  );
  expect(existsSync(join(target, "nvidia", "fetched"))).toBe(true);
  expect(existsSync(join(target, "nvidia", "old"))).toBe(false);
  expect(readFileSync(join(addonDirectory(), cudaLibraryName), "utf8")).toBe("built");
  expect(await setUp({ cuda: true, progress: silent })).toMatchObject({ built: false });
  expect(calls()).toHaveLength(1);
});

onLinuxX64("fetches the headers that our own CUDA library lacks, and builds it", async () => {
  writeFetched();
  writeFileSync(join(machine.directory, "no-headers"), "");
  inspections.splice(0, 9, works);
  await setUp({ cuda: true, progress: silent });
  expect(calls()).toHaveLength(1);
  expect(calls()[0]).toMatch(
    / nvidia-cuda-runtime==13\.0\.\* nvidia-cuda-crt==13\.0\.\* nvidia-cuda-cccl==13\.0\.\*$/,
  );
  expect(existsSync(join(addonDirectory(), cudaLibraryName))).toBe(true);
});

onLinuxX64("goes on without our own CUDA library where it cannot be built, and says so", async () => {
  const torch = writeTorch(join(machine.directory, "cuda12"), { version: "2.13.0+cu128" });
  writeFileSync(join(torch, "lib", "libtorch_cuda.so"), "");
  machine.program("python3", pythonWith(torch));
  writeFileSync(join(machine.directory, "no-headers"), "");
  inspections.splice(0, 9, works);
  const said: string[] = [];
  const result = await setUp({ cuda: true, progress: (step) => said.push(step) });
  expect(result).toMatchObject({ built: true, torchDirectory: torch });
  expect(said.at(-1)).toMatch(/without the CUDA library, .* 2\.13\.0\+cu128 is none for CUDA 13/);
  expect(existsSync(join(addonDirectory(), cudaLibraryName))).toBe(false);
});

onLinuxX64("says what is wrong when that does not help", async () => {
  writeFetched();
  inspections.splice(0, 9, lacks);
  await expect(setUp({ cuda: true, progress: silent })).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringContaining("not with CUDA: libcusparse.so.12"),
  });
});

onLinuxX64(
  "passes over a torch of Python that is built without CUDA, and refuses one that LIBTORCH names",
  async () => {
    const plain = writeTorch(join(machine.directory, "plain"), { version: "2.13.0+cpu" });
    machine.program("python3", pythonWith(plain));
    writeFetched();
    inspections.splice(0, 9, works);
    expect(await setUp({ progress: silent })).toMatchObject({ torchDirectory: plain });
    inspections.splice(0, 9, lacks, works);
    expect(await setUp({ cuda: true, progress: silent })).toMatchObject({
      torchDirectory: fetchedTorch("2.13.0"),
    });
    vi.stubEnv("LIBTORCH", plain);
    await expect(setUp({ cuda: true, progress: silent })).rejects.toMatchObject({
      message: expect.stringContaining("it is built without CUDA"),
    });
  },
);

it("doctor tells driver, GPUs and library, none of which is a fault", async () => {
  writeFetched();
  inspections.splice(0, 9, works);
  await setUp({ progress: silent });
  const found = async (name: string) => (await diagnose()).find((check) => check.name === name);
  expect(await found("GPU driver")).toMatchObject({
    status: "ok",
    found: "runs CUDA 13.0; cuda:0 NVIDIA H200",
  });
  expect(await found("libtorch's CUDA")).toMatchObject({
    status: "ok",
    found: "/somewhere/libtorch_cuda.so (cu130) opens",
  });
  expect(await found("tagformer's CUDA")).toMatchObject({
    status: "ok",
    found: expect.stringContaining("libtagformer_cuda.so opens"),
  });
  const ownLibraryProblem = "it is not built; type: npx tagformer setup --cuda";
  inspections.splice(0, 9, {
    ...lacks,
    driverProblem: "there is no NVIDIA driver",
    gpus: [],
    ownLibraryProblem,
  });
  expect(await found("tagformer's CUDA")).toMatchObject({ status: "note", found: ownLibraryProblem });
  expect(await found("GPU driver")).toMatchObject({ status: "note", found: "there is no NVIDIA driver" });
  expect(await found("libtorch's CUDA")).toMatchObject({ status: "note", found: lacks.libraryProblem });
});
