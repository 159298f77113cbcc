// Runs the scripts of test/faults/children, at most two at a time.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Outcome {
  /** Exit status, or the name of the signal that ended the process. */
  readonly end: number | string;
  /** What the script reported, all lines in one object. */
  readonly reports: Readonly<Record<string, unknown>>;
  readonly stderr: string;
  /** When the process was gone, in milliseconds as Date.now() counts. */
  readonly endedAt: number;
}

/** A process that is still running then hangs: on a quiet machine none needs more than a few seconds. */
const limitSeconds = 300;
const atOnce = 2;

let running = 0;
const waiting: (() => void)[] = [];

/** Runs one of the scripts to its end, which comes within five minutes. */
export async function runChild(script: string, ...parameters: string[]): Promise<Outcome> {
  return runLongChild(script, limitSeconds, ...parameters);
}

/** Runs one of the scripts to its end, which comes within `limit` seconds. */
export async function runLongChild(script: string, limit: number, ...parameters: string[]): Promise<Outcome> {
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await spawnChild(script, limit, parameters);
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function spawnChild(script: string, limit: number, parameters: readonly string[]): Promise<Outcome> {
  const file = fileURLToPath(new URL(`children/${script}`, import.meta.url));
  // Who is killed removes nothing: what the script writes lies in a folder of ours.
  const folder = mkdtempSync(join(tmpdir(), "tagformer-child-"));
  const child = spawn(process.execPath, ["--expose-gc", file, ...parameters], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder },
  });
  let stdout = "";
  let stderr = "";
  let hung = false;
  let endedAt = 0;
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const watch = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, limit * 1000);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", () => {
      endedAt = Date.now();
    });
    child.on("close", (code, signal) => {
      clearTimeout(watch);
      rmSync(folder, { recursive: true, force: true });
      const reports = Object.assign(
        {},
        ...stdout
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      );
      resolve({ end: hung ? "hung" : (code ?? signal ?? "?"), reports, stderr, endedAt });
    });
  });
}
