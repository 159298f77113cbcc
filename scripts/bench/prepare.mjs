// The models and texts that all contestants read, written once and kept in the cache.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureMiniLm } from "../parity-python.mjs";
import { say } from "../steps.mjs";
import { ensureFolder, ensureOnnxPackages, ensurePythonPeers } from "./peers.mjs";
import { runPython } from "./processes.mjs";
import { models } from "./protocol.mjs";

const scripts = [
  "workload.py",
  "export.py",
  "requirements.txt",
  "convert.py",
  "batches.py",
  "peers-requirements.txt",
].map((name) => fileURLToPath(new URL(`python/${name}`, import.meta.url)));

/** The directory of the model, and the lengths in tokens of the texts of each set. */
export async function ensureWorkload(name) {
  const { title, type, shape, pretrained, isConverted } = models[name];
  const recipe = JSON.stringify([type, shape, ...scripts.map((file) => readFileSync(file, "utf8"))]);
  const directory = await ensureFolder(`bench-${name}`, recipe, async (folder) => {
    say(`bench: writing the weights and texts of ${title}`);
    const miniLm = await ensureMiniLm();
    const model = pretrained ? miniLm : { type, ...shape };
    const lengths = await runPython("workload.py", { directory: folder, tokenizer: miniLm, model });
    writeFileSync(join(folder, "lengths.json"), JSON.stringify(lengths));
    if (isConverted) await convertModel(folder, shape);
  });
  return { directory, ...JSON.parse(readFileSync(join(directory, "lengths.json"), "utf8")) };
}

async function convertModel(directory, { hidden, heads }) {
  say("bench: exporting it to ONNX, in fp32 and int8");
  await runPython("export.py", { directory, hidden, heads }, await ensureOnnxPackages());
  say("bench: converting it for OpenVINO, in fp32 and int8, and for CTranslate2");
  await runPython("convert.py", { directory }, await ensurePythonPeers());
}
