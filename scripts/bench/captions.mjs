// What a report is about, in words.
import { models } from "./protocol.mjs";
import { highestCeilings } from "./results.mjs";

export function headline({ machine, versions, options }) {
  return [
    `${machine.cpu} (${machine.instructions.join(", ")}), ${options.threads} threads`,
    `tagformer ${versions.tagformer} with libtorch ${versions.libtorch} and Node ${versions.node}; PyTorch ${versions.torch}, transformers ${versions.transformers}, onnxruntime-node ${versions["onnxruntime-node"]}, @huggingface/transformers ${versions["@huggingface/transformers"]}`,
    "Fresh processes in ABBA order: medians, and of the ratios of pairs 95 % bootstrap intervals",
  ];
}

export function titleOf({ model, short }) {
  return `${models[model].title}: ${short}`;
}

/** @param task of a combined report */
export function descriptionOf({ title, texts, tokens, samples, date, ceilings }) {
  const pairs = Math.max(...Object.values(samples).map((list) => list.length));
  const what = `${texts} ${texts === 1 ? "text" : "texts"}, ${tokens.toLocaleString("en-US")} tokens`;
  const processes = `${pairs} ${pairs === 1 ? "process" : "processes"} each on ${date.slice(0, 10)}`;
  const speeds = Object.entries(highestCeilings(ceilings)).map(
    ([precision, speed]) => `${Math.round(speed / 1e9)} in ${precision}`,
  );
  return `${title}: ${what}; ${processes}. Ceilings in GFLOP/s: ${speeds.join(", ")}.`;
}
