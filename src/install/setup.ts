// Setup: everything between an installed package and an add-on that works. Nothing is done twice.
import { TagformerError } from "../errors.js";
import { buildAddon } from "./build.js";
import { fetchLibtorch } from "./fetch.js";
import { type Attempt, hasVersion, searchLibtorch } from "./find.js";
import { defaultTorchVersion, type Libtorch } from "./libtorch.js";
import { type BuiltAddon, cacheProblem, findBuiltAddon } from "./locations.js";
import { platformProblem } from "./platform.js";
import type { Progress } from "./progress.js";
import { selfTest } from "./selftest.js";
import { requireToolchain } from "./toolchain.js";

export interface SetupOptions {
  /** Version of libtorch, such as `2.13.0`; without it any usable one will do, and the default one is fetched. */
  readonly torch?: string | undefined;
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
export async function setUp({ torch, progress }: SetupOptions): Promise<SetupResult> {
  if (torch !== undefined && !/^\d+\.\d+\.\d+(\+\w+)?$/.test(torch)) {
    throw new TagformerError(
      "INVALID_OPTION",
      `--torch is "${torch}", expected a version such as ${defaultTorchVersion}`,
    );
  }
  const present = await workingAddon(torch);
  if (present) return { ...present, built: false };

  const problem = platformProblem() ?? cacheProblem();
  if (problem) throw new TagformerError("SETUP_FAILED", problem);
  const compiler = await requireToolchain(); // before half a gigabyte is fetched in vain
  progress("looking for libtorch");
  const libtorch =
    choose(await searchLibtorch(torch)) ?? (await fetchLibtorch(torch ?? defaultTorchVersion, progress));
  progress(`using libtorch ${libtorch.version} of ${libtorch.directory}`);
  return { ...(await buildAddon(libtorch, compiler, progress)), built: true };
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

/** The first that can be used. A `LIBTORCH` that cannot is an error: whoever set it wants no other. */
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
