// A copy of what the tests need of this checkout, for an add-on that is not the one of this machine's set-up.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { root } from "../e2e/package.js";

const folders = ["src", "test", "scripts", "examples", "native"];
const files = ["CMakeLists.txt", "package.json", "package-lock.json", "tsconfig.json", "vitest.config.ts"];

/** Copies it, without installed packages. */
export function copyCheckout(to: string): void {
  for (const name of [...folders, ...files]) cpSync(join(root, name), join(to, name), { recursive: true });
}

/** Tests of the engine. The others measure a machine, compile for it, or look for its GPU. */
export const engineTests = [
  ...["engine-calls", "engine-refusals", "engine-reproducible", "engine-rows", "engine-stop"],
  ...["engine-training", "engine-weights", "attribution", "checkpoint", "config-versions", "heads"],
  ...["layer-rates", "packed-weights", "pooling", "positions", "ranks", "scratch", "torchscript"],
  ...["torchscript-buffers", "weights"],
].map((name) => `test/native/${name}.test.ts`);
