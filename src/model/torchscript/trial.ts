// The first load of a foreign module: in a process of its own, with limits.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { TagformerError } from "../../errors.js";
import { builtAddon } from "../../install/locations.js";

/** What a module showed in its trial. */
export interface ModuleTrial {
  /** Scores that it gives for each text. */
  readonly outputs: number;
}

/** Seconds for the process and libtorch, and for each gigabyte of weights. */
const baseSeconds = 60;
const secondsPerGigabyte = 60;

const program =
  "process.stdout.write(JSON.stringify(require(process.argv[1]).tryTorchScript(process.argv[2], JSON.parse(process.argv[3]))))";

/**
 * Loads `file` in a child process that can write no file, with bounded memory and time, checks every operator and runs
 * it on two short rows.
 *
 * @param config config.json of the model
 * @param seconds that it may take, and more for large files
 * @throws TagformerError `INVALID_MODEL`, naming the file; `NATIVE_NOT_BUILT`; or the signal's reason
 */
export async function tryTorchScript(
  file: string,
  config: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
  seconds = baseSeconds,
): Promise<ModuleTrial> {
  const addon = builtAddon();
  if (!addon) {
    throw new TagformerError(
      "NATIVE_NOT_BUILT",
      "tagformer's native add-on is not built for this machine and version; run `npx tagformer setup` once",
    );
  }
  const { size } = await stat(file);
  const timeout = Math.ceil((seconds + (size / 1e9) * secondsPerGigabyte) * 1000);
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["-e", program, addon, file, JSON.stringify(config)],
      { cwd: tmpdir(), env: childEnvironment(), timeout, killSignal: "SIGKILL", signal },
    );
    return JSON.parse(stdout) as ModuleTrial;
  } catch (error) {
    signal?.throwIfAborted();
    throw new TagformerError("INVALID_MODEL", `${file}: ${diagnose(error as ChildFailure, timeout)}`, {
      cause: error,
    });
  }
}

/** Nothing of the user's: no credentials, no options of Node. */
function childEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? "", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
}

interface ChildFailure {
  readonly killed?: boolean;
  readonly signal?: string | null;
  readonly stderr?: string;
}

function diagnose({ killed, signal, stderr = "" }: ChildFailure, timeout: number): string {
  if (killed) return `it was not loaded within ${Math.round(timeout / 1000)} seconds`;
  if (signal) return `loading it in a process of its own ended that with ${signal}`;
  return stderr.match(/^(?:\w*Error): (.*)$/m)?.[1] ?? "it could not be loaded in a process of its own";
}
