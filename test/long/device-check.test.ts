// Every stage of scripts/device-check with the CPU in the place of a device, the packed carry included. What only a GPU can
// run must say that it was not run.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { findParityPython } from "../../scripts/parity-python.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tagformer-device-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("runs every stage on the CPU, and pretends nothing", () => {
  const python = findParityPython();
  if (python === null) throw new Error("no parity Python; type: node scripts/parity-python.mjs");
  const carry = join(folder, "carry.tar.xz");
  execFileSync(process.execPath, ["scripts/device-check/pack.mjs", carry], { cwd: root });
  const words = ["scripts/device-check", "--device", "cpu", "--carry", carry, "--output", folder];
  const said = execFileSync(python, words, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect(JSON.parse(said.trim().split("\n").at(-1)!)).toEqual({
    tests: "not run: needs a GPU",
    "bench-fp32": "ok",
    "bench-tf32": "not run: needs a GPU",
    "bench-bf16": "ok",
  });
  const names = readdirSync(folder);
  const page = readFileSync(join(folder, names.find((name) => name.endsWith(".md"))!), "utf8");
  expect(page).toContain("this proves the script, and no speed");
  // What has no meaning without a GPU is in no report.
  expect(page).not.toMatch(/an epoch|training speed/);
});
