// Setup: everything between an installed package and an add-on that works. Nothing is done twice.
import { invalidOption, TagformerError } from "../base/errors.js";
import { buildAddon } from "./build.js";
import { findBuiltAddon } from "./built-addon.js";
import { buildCudaLibrary } from "./cuda-library.js";
import { fetchCudaLibraries, fetchLibtorch } from "./fetch.js";
import { type Attempt, hasVersion, searchLibtorch } from "./find.js";
import { defaultTorchVersion, hasCudaLibrary, type Libtorch } from "./libtorch.js";
import { type BuiltAddon, cacheProblem, fetchedVersion } from "./locations.js";
import { platformProblem } from "./platform.js";
import type { Progress } from "./progress.js";
import { inspectCuda, selfTest } from "./selftest.js";
import { requireToolchain } from "./toolchain.js";

export interface SetupOptions {
  /** Version of libtorch, such as `2.13.0`; without it any usable one will do, and the default one is fetched. */
  readonly torch?: string | undefined;
  /** Also makes sure that libtorch's CUDA library can be opened, and fetches what it lacks. */
  readonly cuda?: boolean | undefined;
  readonly progress: Progress;
}

export interface SetupResult extends BuiltAddon {
  /** `false` when everything was there already. */
  readonly built: boolean;
}

/**
 * Finds or fetches libtorch, builds the add-on and tests it; at once when that was done before.
 *
 * @throws TagformerError `SETUP_FAILED` with what is missing and what to type, `INVALID_OPTION` for a bad version
 */
export async function setUp({ torch, cuda = false, progress }: SetupOptions): Promise<SetupResult> {
  if (torch !== undefined && !/^\d+\.\d+\.\d+(\+\w+)?$/.test(torch)) {
    throw invalidOption(`--torch is "${torch}", expected a version such as ${defaultTorchVersion}`);
  }
  const present = await workingAddon(torch);
  if (present && !(cuda && (await lacksCuda(present)))) return { ...present, built: false };

  const problem = platformProblem() ?? cacheProblem();
  if (problem) throw new TagformerError("SETUP_FAILED", problem);
  const compiler = await requireToolchain(); // before half a gigabyte is fetched in vain
  progress("looking for libtorch");
  const attempts = await searchLibtorch(torch);
  const libtorch =
    choose(cuda ? attempts.map(withCuda) : attempts) ??
    (await fetchLibtorch(torch ?? defaultTorchVersion, progress));
  progress(`using libtorch ${libtorch.version} of ${libtorch.directory}`);
  const built = await buildAddon(libtorch, compiler, progress);
  if (cuda) await completeCuda(built, progress);
  return { ...built, built: true };
}

/** A place whose libtorch has no CUDA library cannot be used for it. */
function withCuda(attempt: Attempt): Attempt {
  if (attempt.libtorch === null || hasCudaLibrary(attempt.libtorch.directory)) return attempt;
  return { ...attempt, libtorch: null, problem: "it is built without CUDA" };
}

/** Fetches what the CUDA library of our own libtorch is linked with; another's we leave alone. */
async function completeCuda(addon: BuiltAddon, progress: Progress): Promise<void> {
  const version = fetchedVersion(addon.torchDirectory);
  if ((await cudaProblem(addon)) && version !== null) await fetchCudaLibraries(version, progress);
  const problem = await cudaProblem(addon);
  if (problem) throw new TagformerError("SETUP_FAILED", `the add-on works, but not with CUDA: ${problem}`);
  const libtorch = { directory: addon.torchDirectory, version: addon.torchVersion };
  const missing = await buildCudaLibrary(libtorch, progress);
  // Only experiments need it.
  if (missing) progress(`without the CUDA library, which could not be built: ${missing}`);
}

async function lacksCuda(addon: BuiltAddon): Promise<boolean> {
  const cuda = await inspectCuda(addon.file);
  return "problem" in cuda || cuda.libraryProblem !== "" || cuda.ownLibraryProblem !== "";
}

/** Why the add-on's libtorch cannot open its CUDA library, or nothing. */
async function cudaProblem(addon: BuiltAddon): Promise<string> {
  const cuda = await inspectCuda(addon.file);
  return "problem" in cuda ? cuda.problem : cuda.libraryProblem;
}

/** The add-on that is there, when it is what is asked for and still loads. */
async function workingAddon(torch: string | undefined): Promise<BuiltAddon | undefined> {
  const addon = findBuiltAddon();
  if (!addon) return undefined;
  if (torch && !hasVersion({ version: addon.torchVersion }, torch)) return undefined;
  if (process.env.LIBTORCH && choose(await searchLibtorch(torch))?.directory !== addon.torchDirectory) {
    return undefined;
  }
  return "problem" in (await selfTest(addon.file)) ? undefined : addon;
}

/** The first that can be used. A `LIBTORCH` that cannot is an error: it was set on purpose. */
function choose(attempts: readonly Attempt[]): Libtorch | undefined {
  const named = attempts[0];
  if (process.env.LIBTORCH && named?.problem) {
    throw new TagformerError(
      "SETUP_FAILED",
      `LIBTORCH is ${process.env.LIBTORCH}, which cannot be used: ${named.problem}; correct it, or unset it to have libtorch found or fetched`,
    );
  }
  return attempts.find(({ libtorch }) => libtorch !== null)?.libtorch ?? undefined;
}
