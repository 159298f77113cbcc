// The quickstart in both precisions; about four minutes on two cores.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "tagformer-quickstart-"));
afterAll(() => rmSync(directory, { recursive: true }));

function microF1(precision: string): number {
  const { status, stdout } = spawnSync(
    process.execPath,
    ["examples/quickstart/run.mjs", "--precision", precision, "--output", join(directory, precision)],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  expect(status, stdout).toBe(0);
  return Number(/^ {2}tagformer +(\d\.\d+)/m.exec(stdout)?.[1]);
}

it("learns the tickets in fp32, and as well in bf16", () => {
  const [fp32, bf16] = [microF1("fp32"), microF1("bf16")];
  console.log({ fp32, bf16 });
  expect(fp32).toBeGreaterThanOrEqual(0.9);
  expect(Math.abs(bf16 - fp32)).toBeLessThanOrEqual(0.01);
});
