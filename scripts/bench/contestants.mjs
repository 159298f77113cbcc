// Runs one side in a fresh process: JSON in as its argument, JSON out on its stdout.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findParityPython } from "../parity-python.mjs";

const environment = {
  ...process.env,
  HF_HUB_OFFLINE: "1",
  HF_HUB_DISABLE_PROGRESS_BARS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  TOKENIZERS_PARALLELISM: "false",
  TRANSFORMERS_VERBOSITY: "error",
};

/** Runs a script of bench/python. */
export function runPython(script, request) {
  return run(findParityPython(), path(`python/${script}`), request);
}

/** Takes one sample, or makes one check, of a configuration. */
export function runContestant({ side, ...configuration }, request) {
  const all = { ...configuration, ...request };
  return side === "ours" ? run(process.execPath, path("ours.mjs"), all) : runPython("theirs.py", all);
}

const path = (file) => fileURLToPath(new URL(file, import.meta.url));

async function run(program, script, request) {
  const child = spawn(program, [script, JSON.stringify(request)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
  const [stdout, stderr, [status, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? `status ${status}`}:\n${stderr}`);
  return JSON.parse(stdout);
}
