// Builds the simulated device of native/test/simulated_device for the libtorch and the add-on in use. Run it, or import it:
// tests on machines without a GPU compute on it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findBuiltAddon } from "../dist/install/locations.js";
import { cacheDirectory, findParityPython } from "./parity-python.mjs";
import { main, root, run } from "./steps.mjs";

const sources = join(root, "native", "test", "simulated_device");

/** What a process is started with so that it finds the device. */
export function simulatedDeviceEnvironment() {
  const { buildFolder } = places();
  const preload = `--require ${join(sources, "preload.cjs")}`;
  return {
    SIMULATED_DEVICE: buildFolder,
    NODE_OPTIONS: [process.env.NODE_OPTIONS, preload].filter(Boolean).join(" "),
  };
}

/** Where it is built, one folder for each version of its sources, add-on and libtorch. */
function places() {
  const addon = findBuiltAddon();
  if (!addon) throw new Error("the add-on is not built; type: npx tagformer setup");
  const hash = createHash("sha256").update(addon.file).update(addon.torchVersion);
  for (const name of readdirSync(sources).sort()) hash.update(name).update(readFileSync(join(sources, name)));
  const digest = hash.digest("hex").slice(0, 16);
  return { addon, buildFolder: join(cacheDirectory(), "simulated-device", digest) };
}

/** Builds it where it is not built. */
export function buildSimulatedDevice() {
  const { addon, buildFolder } = places();
  if (existsSync(join(buildFolder, "complete"))) return;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const definitions = {
    TAGFORMER_TORCH: addon.torchDirectory,
    TAGFORMER_TORCH_VERSION: addon.torchVersion,
    TAGFORMER_VERSION: version,
    TAGFORMER_ADDON: join(addon.file, ".."),
    NODE_HEADERS: join(root, "node_modules", "node-api-headers", "include"),
    PYTHON: findParityPython() ?? "python3",
  };
  const given = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run("cmake", "-S", sources, "-B", buildFolder, ...given);
  run("cmake", "--build", buildFolder, "--parallel", "4");
  run("cmake", "-E", "touch", join(buildFolder, "complete"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(buildSimulatedDevice);
