// Fine-tuning real weights on real rows gives what Hugging Face gives; about a quarter of an hour on two cores.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const rows = fileURLToPath(new URL("../../../shared/data/jigsaw-3000.csv", import.meta.url));

it.runIf(existsSync(rows))(
  "gives MiniLM the micro-F1 that PyTorch gives it, within the spread of three seeds",
  () => {
    const { status, stdout } = spawnSync(process.execPath, ["scripts/compare-finetuning.mjs", rows], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(status, stdout).toBe(0);
    expect(stdout).toMatch(/^tagformer fp32 +0\.[3-9]/m);
  },
);
