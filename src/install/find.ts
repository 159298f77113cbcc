// Looks for a libtorch on this machine, and keeps what it found wrong at each place.
import { existsSync, realpathSync } from "node:fs";
import { defaultTorchVersion, inspectLibtorch, type Libtorch } from "./libtorch.js";
import { fetchedTorch } from "./locations.js";
import { run } from "./run.js";

/** One place where a libtorch might have been. */
export interface Attempt {
  /** Such as `LIBTORCH` or `the torch of python3`. */
  readonly place: string;
  readonly libtorch: Libtorch | null;
  /** Why it cannot be used; `null` when it can. */
  readonly problem: string | null;
}

/**
 * Every place in the order in which they count: `LIBTORCH`, the torch of the active Python, what setup fetched.
 *
 * @param version when given, other versions cannot be used (`2.13.0` accepts `2.13.0+cu130`)
 */
export async function searchLibtorch(version?: string): Promise<Attempt[]> {
  return [
    attempt("LIBTORCH", process.env.LIBTORCH || null, "it is not set", version),
    await attemptPython("python3", version),
    await attemptPython("python", version),
    attemptFetched(version),
  ];
}

/** Asks Python where its torch lies; importing it would take seconds. */
async function attemptPython(python: string, version: string | undefined): Promise<Attempt> {
  const place = `the torch of ${python}`;
  const question =
    "import importlib.util as u; s = u.find_spec('torch'); print(*s.submodule_search_locations if s else ())";
  const answer = await run(python, ["-c", question]);
  if (answer.status === null) return { place, libtorch: null, problem: `there is no ${python} on the PATH` };
  return attempt(place, answer.stdout.trim() || null, `${python} has no torch`, version);
}

function attemptFetched(version = defaultTorchVersion): Attempt {
  const directory = fetchedTorch(version);
  return attempt("the cache", existsSync(directory) ? directory : null, `${directory} is not there`, version);
}

function attempt(
  place: string,
  directory: string | null,
  absence: string,
  version: string | undefined,
): Attempt {
  if (directory === null) return { place, libtorch: null, problem: absence };
  // The real path: a link may be turned to another version later.
  const inspected = inspectLibtorch(existsSync(directory) ? realpathSync(directory) : directory);
  if (typeof inspected === "string") return { place, libtorch: null, problem: inspected };
  if (version && !hasVersion(inspected, version)) {
    return { place, libtorch: null, problem: `its version is ${inspected.version}, expected ${version}` };
  }
  return { place, libtorch: inspected, problem: null };
}

/** Whether `version`, with or without its build, is the library's. */
export function hasVersion({ version }: { version: string }, wanted: string): boolean {
  return version === wanted || version.split("+")[0] === wanted;
}
