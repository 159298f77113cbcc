// What is done with which model and texts, and by whom.

/**
 * `isConverted`: into the formats of peers that have their own.
 *
 * @typedef {{ title: string, type: "bert" | "xlnet", shape: Record<string, number>, pretrained?: boolean, isConverted?: boolean }} Model
 * @type {Record<"base" | "xlnet" | "minilm", Model>}
 */
export const models = {
  base: {
    title: "BERT-base",
    type: "bert",
    shape: { layers: 12, hidden: 768, intermediate: 3072, heads: 12 },
    isConverted: true,
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
    isConverted: true,
  },
};

const training = { work: "train", batchSize: 32, warmUp: 1, passes: 1 };
const prediction = { work: "predict", batchSize: 32, warmUp: 1, passes: 1 };
const single = { ...prediction, warmUp: 5, passes: 30 };
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
  "full-predict": {
    ...prediction,
    set: "full",
    batchSize: 8,
    short: "prediction without padding",
    title: "Batches of 8 x 128 tokens",
  },
  short: {
    ...single,
    set: "one-short",
    short: "prediction of one short text",
    title: "One text after the other",
  },
  latency: { ...single, set: "one", short: "prediction of one text", title: "One text after the other" },
  "long-latency": {
    ...single,
    set: "one-long",
    short: "prediction of one long text",
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

const openvino = ["ov-fp32", "ov-bf16", "ov-int8"];
const others = ["ct2-fp32", "ct2-int8", "inductor-fp32", "inductor-bf16", "zentorch-bf16"];

const bert = {
  train: by(
    tasks.train,
    "hf-fp32-padded",
    "hf-fp32",
    "hf-bf16",
    "hf-bf16-eager",
    "hf-bf16-compiled",
    "fp32",
    "bf16",
  ),
  predict: by(tasks.predict, "ort-fp32", "ort-int8", "hf-bf16", ...openvino, ...others, ...ours),
  "full-predict": by(
    tasks["full-predict"],
    "ort-fp32",
    "ort-int8",
    "hf-bf16",
    ...openvino,
    ...others,
    ...ours,
  ),
  short: by(tasks.short, "ort-int8", ...openvino, ...ours),
  latency: by(tasks.latency, "ort-fp32", "ort-int8", ...openvino, ...others, ...ours),
  "long-latency": by(tasks["long-latency"], "ort-int8", ...openvino, ...ours),
  start: by(tasks.start, "transformers", "tjs-fp32", ...ours),
};
/** XLNet's attention takes PyTorch long: half as many texts, and not as often. */
const half = { set: "small", batchSize: 16, mostPairs: 5 };
const halfTitle = `Batches of 16, ${mixed}`;

const protocol = {
  base: {
    ...bert,
    // Without Hugging Face in fp32 by length, which lies between the other two: a sample takes half a minute.
    train: by(tasks.train, "hf-fp32-padded", "hf-bf16", "hf-bf16-compiled", "fp32", "bf16"),
    full: by(tasks.full, "hf-bf16", "hf-bf16-compiled", "bf16"),
    long: by(tasks.long, "tjs-fp32", "tjs-int8", ...ours),
  },
  xlnet: {
    train: by({ ...tasks.train, ...half, title: halfTitle }, "hf-fp32-padded", "hf-bf16", "fp32", "bf16"),
    predict: by({ ...tasks.predict, ...half }, "hf-fp32", "hf-bf16", ...ours),
  },
  minilm: bert,
};

export const works = Object.keys(tasks);

/**
 * The tasks of some models, each with the keys of its contestants.
 *
 * @typedef {{ model: keyof typeof models, name: string, short: string, title: string, work: "train" | "predict" | "start",
 *   set: string, batchSize?: number, warmUp?: number, passes?: number, mostPairs?: number, contestants: readonly string[] }} Task
 * @returns {Task[]}
 */
export function tasksOf(modelNames, workNames) {
  return modelNames.flatMap((model) =>
    workNames
      .filter((name) => name in protocol[model])
      .map((name) => ({ model, name, ...protocol[model][name] })),
  );
}
