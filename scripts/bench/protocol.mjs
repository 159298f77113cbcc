// What is done with which model and texts, and by whom.

/**
 * `onnx`: is exported for the peers that read that.
 *
 * @typedef {{ title: string, type: "bert" | "xlnet", shape: Record<string, number>, pretrained?: boolean, onnx?: boolean }} Model
 * @type {Record<"base" | "xlnet" | "minilm", Model>}
 */
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
