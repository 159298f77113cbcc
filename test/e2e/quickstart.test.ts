// The quickstart from its first line to its last, with a single epoch: how well it learns is test/long/quickstart.
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { root, run } from "./package.js";

it("the quickstart trains, and shows mistakes, predictions and what words alone can tell", () => {
  const script = join("examples", "quickstart", "run.mjs");
  const parameters = [script, "--epochs", "1", "--output", temporaryFolder()];
  const { status, stdout, stderr } = run(process.execPath, parameters, root);
  expect(status, stderr).toBe(0);
  expect(stdout.match(/^ {2}\w+ is [01], predicted [01]\.\d\d: ".+"$/gm)).toHaveLength(5);
  expect(stdout).toContain('"I do not want a refund, please cancel my subscription."');
  expect(stdout).toMatch(/^ {2}bag of words +0\.[5-7]\d+$/m);
  expect(stdout).toMatch(/^ {2}tagformer +0\.\d+ /m);
});
