// Other programs: run one, watch its lines, never throw because it failed.
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";

export interface Outcome {
  /** 0 when it went well; `null` when it was killed or could not be started. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Of a program that could not be started: why. */
  readonly stderr: string;
}

/**
 * Runs `command` to its end. It works in the system's temporary directory, so that no file of the user's current one
 * (a `torch.py`, say) is taken for part of a program.
 *
 * @param onLine is given each line of its output as it comes
 */
export function run(
  command: string,
  parameters: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { stdio: ["ignore", "pipe", "pipe"], cwd: tmpdir() });
    const text = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      createInterface({ input: child[name] }).on("line", (line) => {
        text[name] += `${line}\n`;
        onLine(line);
      });
    }
    child.on("error", (error) => resolve({ status: null, signal: null, stdout: "", stderr: error.message }));
    child.on("close", (status, signal) => resolve({ status, signal, ...text }));
  });
}

/** The last lines that a failed program wrote, for an error's `cause`. */
export function lastLines({ stdout, stderr }: Outcome, count = 30): string {
  return `${stdout}${stderr}`.trimEnd().split("\n").slice(-count).join("\n");
}
