import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findMiniLm, findParityPython, findTransformers4 } from "../../scripts/parity-python.mjs";

const setUp = "to set it up, type: node scripts/parity-python.mjs";

/**
 * Runs a script of test/parity/python with `input` as JSON on its stdin, and returns the JSON that it prints.
 * Large arrays are better handed over as paths of files.
 *
 * @param transformers the major version of transformers; 4 is for the long tests alone
 *
 * @throws when the parity Python is missing (these tests fail, they never skip) or the script fails, with its stderr
 */
export function runPython(script: string, input: unknown, transformers: 4 | 5 = 5): unknown {
  const python = transformers === 4 ? findTransformers4() : findParityPython();
  if (python === null) {
    const flag = transformers === 4 ? " --transformers-4" : "";
    throw new Error(`the Python of the parity tests is not installed; ${setUp}${flag}`);
  }
  const path = fileURLToPath(new URL(`python/${script}`, import.meta.url));
  const { error, status, signal, stdout, stderr } = spawnSync(python, [path], {
    input: JSON.stringify(input),
    encoding: "utf8",
    maxBuffer: 2 ** 29,
    env: {
      ...process.env,
      HF_HUB_OFFLINE: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      TOKENIZERS_PARALLELISM: "false",
    },
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? `status ${status}`}:\n${stderr}`);
  return JSON.parse(stdout);
}

/** The model directory of the real MiniLM weights; throws when they are missing. */
export function miniLmDirectory(): string {
  const directory = findMiniLm();
  if (directory === null) throw new Error(`the MiniLM weights of the parity tests are not there; ${setUp}`);
  return directory;
}
