// What we are compared with, installed on demand into tagformer's cache: it never is a dependency of tagformer.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory, ensureParityPython, pip, withLock } from "../parity-python.mjs";
import { say } from "../steps.mjs";

/** The first brings its binaries for the CPU along, so that no script has to run; the second is built on it. */
export const nodePeers = { "onnxruntime-node": "1.30.0", "@huggingface/transformers": "4.3.1" };

/** What puts the load on servers. */
export const servingPeers = { autocannon: "9.0.0" };

const onnxRequirements = fileURLToPath(new URL("python/requirements.txt", import.meta.url));
const peersRequirements = fileURLToPath(new URL("python/peers-requirements.txt", import.meta.url));
const servingRequirements = fileURLToPath(new URL("python/serving-requirements.txt", import.meta.url));

/** The folder whose node_modules has {@link nodePeers}. */
export function ensureNodePeers() {
  return ensureNodeFolder(
    "bench-node",
    nodePeers,
    "onnxruntime-node and @huggingface/transformers for the benchmarks (0.5 GB)",
  );
}

/** The folder of Python packages with which models are exported to ONNX. */
export async function ensureOnnxPackages() {
  const python = await ensureParityPython();
  return ensureFolder("bench-onnx", readFileSync(onnxRequirements), async (folder) => {
    say("bench: installing onnx and onnxruntime for Python (0.1 GB)");
    await pip(python, ["--no-deps", "--target", folder, "-r", onnxRequirements]);
  });
}

/** The folder of Python packages of the peers that are neither Hugging Face's nor onnxruntime. */
export async function ensurePythonPeers() {
  const python = await ensureParityPython();
  return ensureFolder("bench-peers", readFileSync(peersRequirements), async (folder) => {
    say("bench: installing OpenVINO, nncf, CTranslate2 and zentorch for Python (0.4 GB)");
    await pip(python, ["--no-deps", "--target", folder, "-r", peersRequirements]);
  });
}

/** The folder whose node_modules has {@link servingPeers}. */
export function ensureServingPeers() {
  return ensureNodeFolder("bench-serving", servingPeers, "autocannon for the benchmarks");
}

/** The folder of Python packages with which a pipeline is served. */
export async function ensureServingPackages() {
  const python = await ensureParityPython();
  return ensureFolder("bench-fastapi", readFileSync(servingRequirements), async (folder) => {
    say("bench: installing FastAPI and uvicorn");
    await pip(python, ["--target", folder, "-r", servingRequirements]);
  });
}

/**
 * A folder whose node_modules has these packages.
 *
 * @param what they are, for people
 */
export function ensureNodeFolder(name, dependencies, what) {
  const content = JSON.stringify({ private: true, dependencies });
  return ensureFolder(name, content, (folder) => {
    say(`installing ${what}`);
    writeFileSync(join(folder, "package.json"), content);
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { status } = spawnSync("npm", install, { cwd: folder, stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error(`npm could not install ${what} (its own message is above)`);
  });
}

/** A folder in the cache that belongs to `content`; `fill` is called when it is not there, and writes all of it or fails. */
export async function ensureFolder(name, content, fill) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const folder = join(cacheDirectory(), `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return folder;
    const part = `${folder}.part`;
    rmSync(part, { recursive: true, force: true }); // what an interrupted run left
    mkdirSync(part, { recursive: true });
    await fill(part);
    renameSync(part, folder);
    return folder;
  });
}
