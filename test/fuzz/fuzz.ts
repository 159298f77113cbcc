// Feeds a reader with inputs that are nearly right, in a process of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const targetNames = [
  "safetensors",
  "torchscript",
  "config",
  "tokenizer",
  "csv",
  "json",
  "parquet",
  "vocabulary",
] as const;

/** Inputs of one process; a crash is known by its number. */
const inputsAtOnce = 100_000;

interface Finding {
  readonly number: number;
  readonly problem: string;
  readonly input: string;
}

/** Reads the inputs 0 to `count`, and fails with those that crash, hang or throw what is no TagformerError. */
export async function fuzz(target: (typeof targetNames)[number], count: number): Promise<void> {
  let accepted = 0;
  for (let first = 0; first < count; first += inputsAtOnce) {
    const outcome = await readInputs(target, first, Math.min(inputsAtOnce, count - first));
    expect(outcome.findings.slice(0, 5), `inputs from ${first}`).toEqual([]);
    accepted += outcome.accepted;
  }
  // Inputs of which none or all are refused test nothing.
  expect(accepted).toBeGreaterThan(count / 50);
  expect(accepted).toBeLessThan(count);
}

async function readInputs(
  target: string,
  first: number,
  count: number,
): Promise<{ findings: Finding[]; accepted: number }> {
  const directory = mkdtempSync(join(tmpdir(), "tagformer-fuzz-"));
  const child = fileURLToPath(new URL("child.mjs", import.meta.url));
  const parameters = [child, target, "1", `${first}`, `${count}`, directory];
  try {
    const running = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    running.stdout.on("data", (data) => {
      stdout += data;
    });
    running.stderr.on("data", (data) => {
      stderr += data;
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      running.on("error", reject);
      running.on("close", (...end) => resolve(end));
    });
    const lines = stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    if (code === 0) return { findings: lines.slice(0, -1), accepted: lines.at(-1).accepted };
    const number = Number(readFileSync(join(directory, "number"), "utf8"));
    const crash = { number, problem: `ended with ${signal ?? code}: ${stderr.slice(0, 1000)}`, input: "" };
    return { findings: [...lines, crash], accepted: 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
