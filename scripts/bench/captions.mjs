// What a report is about, in words.
import { models } from "./protocol.mjs";

export function headline({ machine, versions, options, ceilings, date }) {
  const { before, after } = ceilings;
  const gigaflops = Object.keys(before).map(
    (precision) => `${precision} ${Math.round(Math.max(before[precision], after[precision]) / 1e9)}`,
  );
  return [
    `${machine.cpu} (${machine.instructions.join(", ")}), ${options.threads} threads, ${date.slice(0, 10)}`,
    `tagformer ${versions.tagformer} with libtorch ${versions.libtorch} and Node ${versions.node}; PyTorch ${versions.torch}, transformers ${versions.transformers}, onnxruntime-node ${versions["onnxruntime-node"]}, @huggingface/transformers ${versions["@huggingface/transformers"]}`,
    `Ceiling (large matrix products in PyTorch), GFLOP/s: ${gigaflops.join(", ")}`,
    "Fresh processes in ABBA order: medians, and of the ratios of pairs 95 % bootstrap intervals",
  ];
}

export function titleOf({ model, short }) {
  return `${models[model].title}: ${short}`;
}

export function descriptionOf({ title, texts, tokens, samples }) {
  const pairs = Math.max(...Object.values(samples).map((list) => list.length));
  const what = `${texts} ${texts === 1 ? "text" : "texts"}, ${tokens.toLocaleString("en-US")} tokens`;
  return `${title}: ${what}; ${pairs} ${pairs === 1 ? "process" : "processes"} each.`;
}
