// A training step with less memory than its batch needs: node out-of-memory.mjs
// Reports a step with too little memory, the code of one that no halving helps, and the first with enough memory.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { NativeModel } from "../../../dist/native/model.js";
import { plainTraining, smallBert } from "../../fixtures/bert.mjs";
import { report } from "./work.mjs";

const config = {
  ...smallBert,
  hidden_size: 32,
  num_hidden_layers: 2, // the last computes one token of each text
  num_attention_heads: 2,
  intermediate_size: 4096,
  max_position_embeddings: 8192,
};
const options = { ...plainTraining, dropout: false };

function batchOf(rows, length) {
  return {
    ids: Int32Array.from({ length: rows * length }, (_, i) => (i * 7919) % config.vocab_size),
    offsets: Int32Array.from({ length: rows + 1 }, (_, i) => i * length),
    labels: Float32Array.from({ length: rows }, (_, i) => i % 2),
  };
}

async function fresh() {
  const model = await NativeModel.load({
    config,
    labels: 1,
    tensors: [],
    seed: 1,
    precision: "fp32",
    threads: 1,
  });
  return { model, training: await model.startTraining(options) };
}

/** Leaves this process `megabytes` beyond the address space that it has. */
function allow(megabytes) {
  const [, kilobytes] = readFileSync("/proc/self/status", "utf8").match(/VmSize:\s+(\d+) kB/);
  const limit = Number(kilobytes) * 1024 + megabytes * 2 ** 20;
  execFileSync("prlimit", [`--pid=${process.pid}`, `--as=${limit}:`]);
}

const batch = batchOf(64, 128);
const limited = await fresh();
await limited.training.computeGradients(batchOf(2, 128)); // threads and caches are made
allow(250);
report({ short: await limited.training.step([batch]) });
allow(20);
report({
  never: await limited.training.step([batchOf(1, 8000)]).then(
    () => "done",
    ({ code }) => code,
  ),
});
report({ logits: Array.from(await limited.model.predict(batchOf(1, 4))) });
await limited.model.dispose();

// Last: the address space that it frees would serve the others.
execFileSync("prlimit", [`--pid=${process.pid}`, "--as=unlimited:"]);
const unlimited = await fresh();
report({ enough: await unlimited.training.step([batch]) });
await unlimited.model.dispose();
