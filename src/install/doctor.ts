// Looks at everything that tagformer needs of a machine, and says what it found.
import { availableParallelism } from "node:os";
import { packageVersion } from "../base/package.js";
import { findBuiltAddon } from "./built-addon.js";
import { searchLibtorch } from "./find.js";
import { addonDirectory, cacheDirectory, cacheProblem } from "./locations.js";
import { glibcVersion, platformProblem, processorFeatures } from "./platform.js";
import { inspectCuda, selfTest } from "./selftest.js";
import { inspectToolchain, installAdvice } from "./toolchain.js";

/** One thing looked at: `failed` keeps tagformer from working, `note` would only matter for another setup. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "note" | "failed";
  readonly found: string;
}

/** All checks, in the order in which one would repair things. */
export async function diagnose(): Promise<Check[]> {
  const addon = await checkAddon();
  const works = addon.every(({ status }) => status === "ok");
  return [
    checkNode(),
    checkPlatform(),
    ...(await checkToolchain(works)),
    ...(await checkLibtorch(works)),
    ...addon,
    ...(works ? await checkCuda() : []),
    checkCache(works),
  ];
}

function checkCache(works: boolean): Check {
  const problem = cacheProblem();
  if (!problem) return { name: "cache", status: "ok", found: cacheDirectory() };
  return { name: "cache", status: works ? "note" : "failed", found: problem };
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  const found = `${process.version}${recent ? "" : ", expected 20.19 or newer"}`;
  return { name: "Node.js", status: recent ? "ok" : "failed", found };
}

function checkPlatform(): Check {
  const problem = platformProblem();
  if (problem) return { name: "machine", status: "failed", found: problem };
  const parts = [
    `${process.platform} ${process.arch}`,
    glibcVersion() && `glibc ${glibcVersion()}`,
    `${availableParallelism()} threads`,
    processorFeatures()?.join(" "),
  ];
  return { name: "machine", status: "ok", found: parts.filter(Boolean).join(", ") };
}

/** A missing compiler is no fault where the add-on works. */
async function checkToolchain(works: boolean): Promise<Check[]> {
  return (await inspectToolchain()).map(({ name, found, problem }) => {
    if (!problem) return { name, status: "ok", found: found ?? "" };
    return { name, status: works ? "note" : "failed", found: `${problem}. ${installAdvice()}` };
  });
}

async function checkLibtorch(works: boolean): Promise<Check[]> {
  return (await searchLibtorch()).map(({ place, libtorch, problem }): Check => {
    const name = `libtorch: ${place}`;
    if (libtorch) return { name, status: "ok", found: `${libtorch.version} in ${libtorch.directory}` };
    // Nothing but a bad LIBTORCH stops setup, which otherwise fetches what is missing.
    const failed = place === "LIBTORCH" && process.env.LIBTORCH && !works;
    return { name, status: failed ? "failed" : "note", found: problem ?? "" };
  });
}

/** Without a GPU, or without libtorch's CUDA library, there is the CPU: that is no fault. */
async function checkCuda(): Promise<Check[]> {
  const addon = findBuiltAddon()!;
  const cuda = await inspectCuda(addon.file);
  if ("problem" in cuda) return [{ name: "CUDA", status: "note", found: cuda.problem }];
  const { driverVersion, driverProblem, gpus, library, libraryProblem, ownLibrary, ownLibraryProblem } = cuda;
  const driver =
    driverProblem || `runs CUDA ${driverVersion}; ${gpus.map((gpu, i) => `cuda:${i} ${gpu}`).join(", ")}`;
  const build = addon.torchVersion.split("+")[1];
  const note = (problem: string) => (problem ? "note" : "ok");
  return [
    { name: "GPU driver", status: note(driverProblem), found: driver },
    {
      name: "libtorch's CUDA",
      status: note(libraryProblem),
      found: libraryProblem || `${library}${build ? ` (${build})` : ""} opens`,
    },
    {
      name: "tagformer's CUDA",
      status: note(ownLibraryProblem),
      found: ownLibraryProblem || `${ownLibrary} opens; only experiments need it`,
    },
  ];
}

async function checkAddon(): Promise<Check[]> {
  const name = "add-on";
  const addon = findBuiltAddon();
  if (!addon) {
    const found = `not built for tagformer ${packageVersion()} (${addonDirectory()}); type: npx tagformer setup`;
    return [{ name, status: "failed", found }];
  }
  const origin = addon.fromPackage
    ? `of ${addon.fromPackage}, with libtorch ${addon.torchVersion} in ${addon.torchDirectory}`
    : `built here ${addon.date} with libtorch ${addon.torchVersion} by ${addon.compiler}, which comes before one of a package`;
  const built: Check = { name, status: "ok", found: `${origin}: ${addon.file}` };
  const result = await selfTest(addon.file);
  if ("problem" in result) {
    const found = `${result.problem}; type: npx tagformer setup`;
    return [built, { name: "add-on loads", status: "failed", found }];
  }
  const found = `libtorch ${result.torchVersion} (${result.cpuCapability}), kernels for ${result.kernels}`;
  return [built, { name: "add-on loads", status: "ok", found }];
}
