// What is measured, and in which order.
import { parseArgs } from "node:util";

export const models = {
  minilm: { title: "MiniLM (6 x 384)", shape: { layers: 6, hidden: 384, intermediate: 1536 }, passes: 3 },
  base: { title: "BERT-base (12 x 768)", shape: { layers: 12, hidden: 768, intermediate: 3072 }, passes: 1 },
};

const works = ["train", "predict"];

/** Each peer is there as people use it and as experts do; `fused` is AdamW's one-kernel implementation. */
export const configurations = [
  {
    name: "Hugging Face fp32, padded to 100",
    side: "theirs",
    precision: "fp32",
    batches: "padded",
    fused: false,
  },
  {
    name: "Hugging Face fp32, grouped by length",
    side: "theirs",
    precision: "fp32",
    batches: "grouped",
    fused: true,
  },
  {
    name: "Hugging Face bf16, grouped by length",
    side: "theirs",
    precision: "bf16",
    batches: "grouped",
    fused: true,
  },
  { name: "tagformer fp32", side: "ours", precision: "fp32" },
  { name: "tagformer bf16", side: "ours", precision: "bf16" },
];

export const help = `npm run bench -- [options]: tagformer against Hugging Face PyTorch, on this machine

  --quick                   the small model only, few samples: a few minutes
  --pairs N                 samples of each configuration (9; with --quick 3)
  --model base|minilm       only this model
  --work train|predict      only this work
  --threads N               threads of both sides (the cores of this machine)
`;

export function readOptions(parameters, cores) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: "boolean", default: false },
      pairs: { type: "string" },
      model: { type: "string" },
      work: { type: "string" },
      threads: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    help: values.help,
    quick: values.quick,
    pairs: count("pairs", values.pairs, values.quick ? 3 : 9),
    models: chosen("model", values.model, Object.keys(models), values.quick ? ["minilm"] : undefined),
    works: chosen("work", values.work, works),
    threads: count("threads", values.threads, cores),
  };
}

function count(name, text, otherwise) {
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; expected a whole number from 1 to 9999`);
}

function chosen(name, value, allowed, otherwise = allowed) {
  if (value === undefined) return otherwise;
  if (allowed.includes(value)) return [value];
  throw new Error(`--${name} is ${value}; expected ${allowed.join(" or ")}`);
}

/** Every other round runs backwards (ABBA), so that a machine that grows slower or faster favours nobody. */
export function schedule({ pairs, models, works }) {
  const round = models.flatMap((model) =>
    works.flatMap((work) => configurations.map((configuration) => ({ model, work, configuration }))),
  );
  return Array.from({ length: pairs }, (_, pair) => (pair % 2 === 0 ? round : round.toReversed())).flat();
}

export const keyOf = ({ model, work, configuration }) => `${model} ${work}, ${configuration.name}`;

export function remainingSeconds(left, lastSeconds) {
  const seconds = left.map((sample) => lastSeconds.get(keyOf(sample)));
  return seconds.includes(undefined) ? undefined : seconds.reduce((sum, value) => sum + value, 0);
}
