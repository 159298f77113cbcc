// What is measured, and in which order.
import { parseArgs } from "node:util";

/** `onnx`: is exported for the peers that read that. */
export const models = {
  base: {
    title: "BERT-base",
    type: "bert",
    shape: { layers: 12, hidden: 768, intermediate: 3072, heads: 12 },
    onnx: true,
  },
  xlnet: {
    title: "XLNet-base",
    type: "xlnet",
    shape: { layers: 12, hidden: 768, intermediate: 3072, heads: 12 },
  },
  minilm: {
    title: "MiniLM",
    type: "bert",
    pretrained: true,
    shape: { layers: 6, hidden: 384, intermediate: 1536, heads: 12 },
    onnx: true,
  },
};

/**
 * Who takes part. Peers are there as people use them and as experts do; `fused` is AdamW's one-kernel implementation, and
 * the optimized files come from onnxruntime's own tools. All of theirs are sorted by length, but where it says padded, and
 * transformers.js, which takes texts as they come. `short` is their name in pictures.
 */
const huggingFace = { side: "theirs", program: "theirs.py" };
const onnxruntime = { side: "theirs", program: "onnxruntime.mjs" };
const transformersJs = { side: "theirs", program: "transformers-js.mjs" };
const tagformer = { side: "ours", program: "ours.mjs" };
export const contestants = {
  "hf-fp32-padded": {
    ...huggingFace,
    name: "Hugging Face fp32, padded to 100",
    short: "HF fp32, padded",
    precision: "fp32",
    batches: "padded",
    paddedTo: 100,
    fused: false,
  },
  "hf-fp32": {
    ...huggingFace,
    name: "Hugging Face fp32",
    short: "HF fp32",
    precision: "fp32",
    batches: "grouped",
    fused: true,
  },
  "hf-bf16": {
    ...huggingFace,
    name: "Hugging Face bf16",
    short: "HF bf16",
    precision: "bf16",
    batches: "grouped",
    fused: true,
  },
  transformers: {
    ...huggingFace,
    name: "Python transformers",
    short: "HF Python",
    precision: "fp32",
    batches: "grouped",
  },
  "ort-fp32": {
    ...onnxruntime,
    name: "onnxruntime-node fp32",
    short: "onnxruntime fp32",
    precision: "fp32",
    file: "optimized.onnx",
  },
  "ort-int8": {
    ...onnxruntime,
    name: "onnxruntime-node int8",
    short: "onnxruntime int8",
    precision: "int8",
    file: "optimized_quantized.onnx",
  },
  "tjs-fp32": {
    ...transformersJs,
    name: "transformers.js fp32",
    short: "HF JS fp32",
    precision: "fp32",
    dtype: "fp32",
  },
  "tjs-int8": {
    ...transformersJs,
    name: "transformers.js int8",
    short: "HF JS int8",
    precision: "int8",
    dtype: "q8",
  },
  fp32: { ...tagformer, name: "tagformer fp32", short: "tagformer fp32", precision: "fp32" },
  bf16: { ...tagformer, name: "tagformer bf16", short: "tagformer bf16", precision: "bf16" },
  int8: { ...tagformer, name: "tagformer int8", short: "tagformer int8", precision: "int8" },
};

const training = { work: "train", batchSize: 32, warmUp: 1, passes: 1 };
const prediction = { work: "predict", batchSize: 32, warmUp: 1, passes: 1 };
const mixed = "comments' lengths cut at 100 tokens";

/** What is done with which set of texts. */
const tasks = {
  train: { ...training, set: "mixed", short: "training", title: `Batches of 32, ${mixed}` },
  full: {
    ...training,
    set: "full",
    batchSize: 8,
    short: "training without padding",
    title: "Batches of 8 x 128 tokens",
  },
  predict: { ...prediction, set: "mixed", short: "prediction", title: "Comments' lengths cut at 100 tokens" },
  long: {
    ...prediction,
    set: "long",
    short: "prediction of long texts",
    title: "Comments' lengths cut at 512 tokens",
  },
  latency: {
    ...prediction,
    set: "one",
    warmUp: 5,
    passes: 30,
    short: "prediction of one text",
    title: "One text after the other",
  },
  start: {
    work: "start",
    set: "one",
    short: "first prediction",
    title: "From the start of a process to its first prediction",
  },
};
const by = (task, ...contestants) => ({ ...task, contestants });
const ours = ["fp32", "bf16", "int8"];

const bert = {
  train: by(tasks.train, "hf-fp32-padded", "hf-fp32", "hf-bf16", "fp32", "bf16"),
  predict: by(tasks.predict, "ort-fp32", "ort-int8", "hf-bf16", ...ours),
  latency: by(tasks.latency, "ort-fp32", "ort-int8", ...ours),
  start: by(tasks.start, "transformers", "tjs-fp32", ...ours),
};
/** XLNet's attention takes PyTorch long: half as many texts, and not as often. */
const half = { set: "small", batchSize: 16, mostPairs: 5 };
const halfTitle = `Batches of 16, ${mixed}`;

/** What is done with which model, and by whom. */
const protocol = {
  base: {
    ...bert,
    // Without Hugging Face in fp32 by length, which lies between the other two: a sample takes half a minute.
    train: by(tasks.train, "hf-fp32-padded", "hf-bf16", "fp32", "bf16"),
    full: by(tasks.full, "hf-bf16", "bf16"),
    long: by(tasks.long, "tjs-fp32", "tjs-int8", ...ours),
  },
  xlnet: {
    train: by({ ...tasks.train, ...half, title: halfTitle }, "hf-fp32-padded", "hf-bf16", "fp32", "bf16"),
    predict: by({ ...tasks.predict, ...half }, "hf-fp32", "hf-bf16", ...ours),
  },
  minilm: bert,
};

export const works = Object.keys(tasks);

/** The tasks of some models, each with the keys of its contestants. */
export function tasksOf(modelNames, workNames) {
  return modelNames.flatMap((model) =>
    workNames
      .filter((name) => name in protocol[model])
      .map((name) => ({ model, name, ...protocol[model][name] })),
  );
}

export const help = `npm run bench -- [options]: tagformer against its peers, on this machine

  --quick              the small model and three pairs: about five minutes
  --pairs N            samples of each contestant (9; with --quick 3; of XLNet at most 5)
  --model NAMES        base, xlnet, minilm (base,xlnet; with --quick minilm)
  --only NAMES         ${works.join(", ")} (all)
  --threads N          threads of every side (the cores of this machine)
  --write              write the tables into docs/performance.md

Every sample and a page with pictures are kept in bench-results/.
node scripts/bench/one.mjs --help takes samples of a single contestant.
`;

export function readOptions(parameters, cores) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: "boolean", default: false },
      pairs: { type: "string" },
      model: { type: "string" },
      only: { type: "string" },
      threads: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    help: values.help,
    write: values.write,
    pairs: count("pairs", values.pairs, values.quick ? 3 : 9),
    models: chosen("model", values.model, Object.keys(models), values.quick ? ["minilm"] : ["base", "xlnet"]),
    works: chosen("only", values.only, works, works),
    threads: count("threads", values.threads, cores),
  };
}

export function count(name, text, otherwise) {
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; expected a whole number from 1 to 9999`);
}

/** The names of a list, in the order of `allowed`. */
export function chosen(option, text, allowed, otherwise) {
  if (text === undefined) return otherwise;
  const names = text.split(",");
  const unknown = names.find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--${option} has ${JSON.stringify(unknown)}; expected ${allowed.join(", ")}`);
  }
  return allowed.filter((name) => names.includes(name));
}

/**
 * The contestants of a task in the order in which to take their samples. Every other round runs backwards (ABBA), so that a
 * machine that grows slower or faster favours nobody.
 */
export function schedule({ contestants: names, mostPairs = Number.POSITIVE_INFINITY }, pairs) {
  return Array.from({ length: Math.min(pairs, mostPairs) }, (_, pair) =>
    pair % 2 === 0 ? names : names.toReversed(),
  ).flat();
}

export const keyOf = (task, contestant) => `${models[task.model].title}, ${task.name}: ${contestant}`;

/** Time that these samples will take, from the last duration of each; the mean of these where there is none yet. */
export function remainingSeconds(left, lastSeconds) {
  const known = [...lastSeconds.values()];
  const mean = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  return left.reduce((sum, key) => sum + (lastSeconds.get(key) ?? mean), 0);
}
