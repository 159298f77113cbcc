// Builds the simulated device of native/test/simulated_device for the libtorch and the add-on in use. Run it, or import it:
// tests on machines without a GPU compute on it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory, findParityPython } from "./parity-python.mjs";
import { main, root, run } from "./steps.mjs";

const sources = join(root, "native", "test", "simulated_device");

/** Builds what of it is not built; gives its folder, of which test/device/project.ts makes a process's device. */
export async function buildSimulatedDevice() {
  const { findBuiltAddon } = await import("../dist/install/built-addon.js");
  const addon = findBuiltAddon();
  if (!addon) throw new Error("the add-on is not built; type: npx tagformer setup");
  const folder = folderFor(addon);
  // With another add-on only the library is built again that has its name from it.
  const stamp = join(folder, "complete");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === addon.file) return folder;
  rmSync(stamp, { force: true });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const definitions = {
    TAGFORMER_TORCH: addon.torchDirectory,
    TAGFORMER_TORCH_VERSION: addon.torchVersion,
    TAGFORMER_VERSION: version,
    // Where the system finds the add-on that it is beside.
    TAGFORMER_ADDON: join(realpathSync(addon.file), ".."),
    NODE_HEADERS: join(root, "node_modules", "node-api-headers", "include"),
    PYTHON: findParityPython() ?? "python3",
  };
  const given = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run("cmake", "-S", sources, "-B", folder, ...given);
  run("cmake", "--build", folder, "--parallel", "4");
  writeFileSync(stamp, addon.file);
  return folder;
}

/** One for each place and version of its sources, and each libtorch. */
function folderFor({ torchDirectory, torchVersion }) {
  const hash = createHash("sha256").update(sources).update(torchDirectory).update(torchVersion);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  return join(cacheDirectory(), "simulated-device", hash.digest("hex").slice(0, 16));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => void process.stdout.write(`${await buildSimulatedDevice()}\n`));
}
