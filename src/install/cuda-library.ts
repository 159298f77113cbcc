// Our own second library, native/cuda: what needs CUDA's headers to be built. Without it the rest of CUDA works.
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeDirectoriesSync } from "../base/directories.js";
import { cmakeJs, torchDefinitions } from "./build.js";
import { fetchCudaHeaders } from "./fetch.js";
import type { Libtorch } from "./libtorch.js";
import { addonDirectory, buildDirectory, cudaHeadersDirectory, cudaLibraryName } from "./locations.js";
import { withLock } from "./lock.js";
import type { Progress } from "./progress.js";
import { lastLines } from "./run.js";

/**
 * Builds the library beside an add-on that was built for `libtorch`.
 *
 * @returns why it could not be built, or nothing
 * @throws TagformerError `SETUP_FAILED` when the headers that it needs cannot be fetched
 */
export async function buildCudaLibrary(libtorch: Libtorch, progress: Progress): Promise<string> {
  const directory = buildDirectory();
  return withLock(
    `${directory}.lock`,
    () => progress("waiting for another process that builds the add-on"),
    async () => {
      progress("compiling the CUDA library");
      const problem = await compile(directory, libtorch);
      if (!problem) install(join(directory, "Release", cudaLibraryName));
      return problem;
    },
  );
}

async function compile(directory: string, libtorch: Libtorch): Promise<string> {
  const problem = await configureAndBuild(directory, libtorch);
  if (problem !== missingHeaders) return problem;
  const version = cudaVersion(libtorch);
  if (version === null) return `libtorch ${libtorch.version} is none for CUDA 13 or newer`;
  await fetchCudaHeaders(version);
  return configureAndBuild(directory, libtorch);
}

const missingHeaders = "CUDA's headers are not there";

async function configureAndBuild(directory: string, libtorch: Libtorch): Promise<string> {
  const headers = cudaHeadersDirectory(cudaVersion(libtorch) ?? "none");
  const definitions = [...torchDefinitions(libtorch), `--CDTAGFORMER_CUDA_INCLUDE=${headers}`];
  const silent = () => {};
  const configured = await cmakeJs("configure", directory, definitions, silent);
  if (configured.status !== 0) return lastLines(configured);
  // CMake finds the headers, or there is no such target.
  const built = await cmakeJs("build", directory, ["--target", "tagformer_cuda"], silent);
  if (built.status === 0) return "";
  const output = lastLines(built, Number.POSITIVE_INFINITY);
  return /unknown target|No rule to make target/.test(output) ? missingHeaders : lastLines(built);
}

/** The CUDA that a libtorch was built for, such as `13.0` for `2.13.0+cu130`; `null` before 13, and for no CUDA. */
function cudaVersion({ version }: Libtorch): string | null {
  const [, major, minor] = version.match(/\+cu(\d\d)(\d+)$/) ?? [];
  return major !== undefined && Number(major) >= 13 ? `${major}.${minor}` : null;
}

function install(built: string): void {
  const directory = addonDirectory();
  makeDirectoriesSync(directory);
  const beside = join(directory, `${process.pid}-${cudaLibraryName}`);
  copyFileSync(built, beside);
  const file = join(directory, cudaLibraryName);
  if (existsSync(file)) rmSync(file);
  renameSync(beside, file);
}
