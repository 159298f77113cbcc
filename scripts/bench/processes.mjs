// Runs one side in a fresh process: JSON in as its argument, JSON out on its stdout.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findParityPython } from "../parity-python.mjs";
import { ensurePythonPeers } from "./peers.mjs";

/** What the contestants find in their environment. */
export const environment = {
  ...process.env,
  HF_HUB_OFFLINE: "1",
  HF_HUB_DISABLE_PROGRESS_BARS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  TOKENIZERS_PARALLELISM: "false",
  TRANSFORMERS_VERBOSITY: "error",
};

/** Runs a script of bench/python. */
export async function runPython(script, request, packages) {
  const extra = packages === undefined ? {} : { PYTHONPATH: packages };
  return (await run(...commandOf(script), request, extra)).answer;
}

/** Starts a script of bench/python that goes on until its stdin ends. */
export function startPython(script, request) {
  const [program, file] = commandOf(script);
  return spawn(program, [file, JSON.stringify(request)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: environment,
  });
}

/**
 * Takes one sample, or makes one check, of a contestant.
 *
 * @returns its answer; for the work `start` with the seconds from the start of the process to the answer
 */
export async function runContestant({ program, packages, environment, ...contestant }, request) {
  const { answer, seconds } = await run(
    ...commandOf(program),
    { ...contestant, ...request },
    { ...environment, ...(packages && { PYTHONPATH: await ensurePythonPeers() }) },
  );
  return request.work === "start" ? { ...answer, seconds: [seconds] } : answer;
}

export function commandOf(script) {
  const isPython = script.endsWith(".py");
  const file = fileURLToPath(new URL(isPython ? `python/${script}` : script, import.meta.url));
  return [isPython ? findParityPython() : process.execPath, file];
}

async function run(program, script, request, extraEnvironment) {
  const begin = performance.now();
  const child = spawn(program, [script, JSON.stringify(request)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment, ...extraEnvironment },
  });
  const answered = new Promise((resolve) => {
    child.stdout.once("data", () => resolve((performance.now() - begin) / 1000));
    child.once("close", resolve);
  });
  const [stdout, stderr, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? `status ${status}`}:\n${stderr}`);
  return { answer: JSON.parse(stdout), seconds: await answered };
}
