// The first load of a foreign module: in a process of its own, with limits.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { invalidModel } from "../../base/errors.js";
import { requireBuiltAddon } from "../../install/built-addon.js";

/** What a module showed in its trial. */
export interface ModuleTrial {
  /** Scores that it gives for each text. */
  readonly outputs: number;
}

/** How long a trial may take; files of a gigabyte have a minute more. */
export interface TrialLimits {
  /** On the clock. */
  readonly seconds: number;
  /** Of a processor: holds as well when this process ends before the trial does. */
  readonly processorSeconds: number;
}

// The clock's limit is for a module that waits: how busy the machine is must not decide whether a module is accepted.
const usualLimits: TrialLimits = { seconds: 600, processorSeconds: 60 };
const secondsPerGigabyte = 60;

const program =
  "const [addon, ...parameters] = JSON.parse(process.argv[1]);" +
  "process.stdout.write(JSON.stringify(require(addon).tryTorchScript(...parameters)))";

/**
 * Loads `file` in a child process that can write no file, with bounded memory and time, checks every operator and runs
 * it on two short rows.
 *
 * @param config config.json of the model
 * @throws TagformerError `INVALID_MODEL`, naming the file; `NATIVE_NOT_BUILT`; or the signal's reason
 */
export async function tryTorchScript(
  file: string,
  config: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
  limits: TrialLimits = usualLimits,
): Promise<ModuleTrial> {
  const addon: string = await requireBuiltAddon();
  const { size } = await stat(file);
  const more = Math.round((size / 1e9) * secondsPerGigabyte);
  const timeout = (limits.seconds + more) * 1000;
  const parameters = [addon, resolve(file), config, limits.processorSeconds + more];
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["-e", program, JSON.stringify(parameters)],
      { cwd: tmpdir(), env: childEnvironment(), timeout, killSignal: "SIGKILL", signal },
    );
    return JSON.parse(stdout) as ModuleTrial;
  } catch (error) {
    signal?.throwIfAborted();
    const problem = diagnose(error as ChildFailure, timeout / 1000);
    throw invalidModel(`${file}: ${problem}`, error);
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

function diagnose({ killed, signal, stderr = "" }: ChildFailure, seconds: number): string {
  if (killed) return `it was not loaded within ${seconds} seconds`;
  if (signal === "SIGXCPU") return "loading it took more of the processor's time than any model needs";
  if (signal) return `loading it in a process of its own ended that with ${signal}`;
  return stderr.match(/^(?:\w*Error): (.*)$/m)?.[1] ?? "it could not be loaded in a process of its own";
}
