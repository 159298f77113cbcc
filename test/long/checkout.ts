// A copy of what the tests need of this checkout, for an add-on that is not the one of this machine's set-up.
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root, succeed } from "../e2e/package.js";

const folders = ["src", "test", "scripts", "examples", "native"];
const files = ["CMakeLists.txt", "package.json", "package-lock.json", "tsconfig.json", "vitest.config.ts"];

/** Copies it, without installed packages. */
export function copyCheckout(to: string): void {
  for (const name of [...folders, ...files]) cpSync(join(root, name), join(to, name), { recursive: true });
}

/** Packs a platform's add-on and libtorch, and lays them beside each other in `modules`, as npm does. */
export function installPlatform(arch: string, packed: string, modules: string): void {
  succeed(process.execPath, [join(root, "scripts", "pack-platform.mjs"), packed, "--arch", arch], root);
  const platform = `${process.platform}-${arch}`;
  for (const folder of [platform, `libtorch-${platform}`]) {
    const tarball = readdirSync(packed).find((name) => name.startsWith(`tagformer-${folder}-`))!;
    const place = join(modules, "@tagformer", folder);
    mkdirSync(place, { recursive: true });
    succeed("tar", ["xzf", join(packed, tarball), "-C", place, "--strip-components", "1"], root);
  }
}

/** Tests of the engine. The others measure a machine, compile for it, or look for its GPU. */
export const engineTests = [
  ...["engine-calls", "engine-refusals", "engine-reproducible", "engine-rows", "engine-stop"],
  ...["engine-training", "engine-weights", "attribution", "checkpoint", "config-versions", "heads"],
  ...["layer-rates", "packed-weights", "pooling", "positions", "ranks", "scratch", "torchscript"],
  ...["torchscript-buffers", "weights"],
].map((name) => `test/native/${name}.test.ts`);
