// Builds the add-on through cmake-js, tests it in a child process, and only then puts it where it is loaded from.
import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { makeDirectoriesSync } from "../base/directories.js";
import { TagformerError } from "../base/errors.js";
import { packageRoot } from "../base/package.js";
import type { Libtorch } from "./libtorch.js";
import {
  addonDirectory,
  addonName,
  type BuildRecord,
  type BuiltAddon,
  buildDirectory,
  buildRecordName,
} from "./locations.js";
import { withLock } from "./lock.js";
import type { Progress } from "./progress.js";
import { lastLines, type Outcome, run } from "./run.js";
import { selfTest } from "./selftest.js";

/** Builds and installs the add-on for `libtorch`. Throws `SETUP_FAILED`; the compiler's words are in `cause`. */
export async function buildAddon(
  libtorch: Libtorch,
  compiler: string,
  progress: Progress,
): Promise<BuiltAddon> {
  const directory = buildDirectory();
  return withLock(
    `${directory}.lock`,
    () => progress("waiting for another process that builds the add-on"),
    async () => {
      const built = await compile(directory, libtorch, progress);
      progress("testing the native add-on");
      return install(built, {
        torchVersion: libtorch.version,
        torchDirectory: libtorch.directory,
        compiler,
        date: new Date().toISOString(),
      });
    },
  );
}

/** Returns the file that CMake made. */
async function compile(directory: string, libtorch: Libtorch, progress: Progress): Promise<string> {
  const step = "compiling the native add-on (a minute or two)";
  progress(step);
  const showTarget = (line: string) => {
    if (/^\[/.test(line)) progress(step, line);
  };
  const configure = () => cmakeJs("configure", directory, torchDefinitions(libtorch), showTarget);
  let outcome = await configure();
  if (outcome.status !== 0) {
    // CMake refuses a directory that was configured for another compiler or build program: begin afresh.
    rmSync(directory, { recursive: true, force: true });
    outcome = await configure();
  }
  if (outcome.status === 0) {
    outcome = await cmakeJs("build", directory, ["--parallel", `${availableParallelism()}`], showTarget);
  }
  if (outcome.status !== 0) throw buildFailure(outcome);
  return join(directory, "Release", addonName);
}

/** What CMakeLists.txt is told of a libtorch. */
export function torchDefinitions({ directory, version }: Libtorch): string[] {
  return [`--CDTAGFORMER_TORCH=${directory}`, `--CDTAGFORMER_TORCH_VERSION=${version}`];
}

/** Runs cmake-js; `onLine` is given each line that it writes. */
export function cmakeJs(
  command: "configure" | "build",
  out: string,
  parameters: readonly string[],
  onLine: (line: string) => void,
): Promise<Outcome> {
  const cmakeJsRoot = dirname(createRequire(import.meta.url).resolve("cmake-js/package.json"));
  const program = [join(cmakeJsRoot, "bin", "cmake-js"), command, "--directory", packageRoot, "--out", out];
  return run(process.execPath, [...program, ...parameters], onLine);
}

function buildFailure(outcome: Outcome): TagformerError {
  const output = lastLines(outcome, Number.POSITIVE_INFINITY);
  const killed = /Killed signal|internal compiler error: Killed/.test(output);
  const first = output.match(/^.*(?:error:|CMake Error|ERROR).*$/m)?.[0].trim() ?? "it gave no reason";
  const reason = killed ? "the compiler ran out of memory" : first;
  return new TagformerError("SETUP_FAILED", `the native add-on could not be built: ${reason}`, {
    cause: output,
  });
}

/** Moves a tested add-on to its place: record away, add-on in, record in, so that no record tells of another add-on. */
async function install(built: string, record: BuildRecord): Promise<BuiltAddon> {
  const directory = addonDirectory();
  makeDirectoriesSync(directory);
  const beside = join(directory, `${process.pid}-${addonName}`);
  copyFileSync(built, beside);
  const result = await selfTest(beside);
  if ("problem" in result) {
    rmSync(beside);
    throw new TagformerError(
      "SETUP_FAILED",
      `the native add-on was built with libtorch ${record.torchVersion} of ${record.torchDirectory}, but does not work: ${result.problem}`,
      { cause: result.output },
    );
  }
  const file = join(directory, addonName);
  const recordFile = join(directory, buildRecordName);
  writeFileSync(`${beside}.json`, `${JSON.stringify(record, null, 2)}\n`);
  rmSync(recordFile, { force: true });
  renameSync(beside, file);
  renameSync(`${beside}.json`, recordFile);
  return { ...record, file };
}
