// Every option once: its schema, default and documentation. The command line and the API both read this page.
import { inspect } from "node:util";
import { z } from "zod";
import { TagformerError } from "./errors.js";
import { didYouMean } from "./suggestion.js";

const count = (least: number) => z.int().min(least);
const share = z.number().min(0).lt(1);

/** Options of loading a model, for training and prediction alike. */
export const modelOptions = z.strictObject({
  precision: z
    .enum(["fp32", "bf16"])
    .default("fp32")
    .describe("number format of activations and matrix products; trained weights are always kept in fp32"),
  device: z
    .string()
    .regex(/^(auto|cpu|cuda(:\d+)?)$/, "expected auto, cpu, cuda or cuda:N")
    .default("auto")
    .describe("where to compute: auto, cpu, cuda or cuda:N"),
  threads: count(0)
    .max(1024)
    .default(0)
    .describe(
      "threads of the model's operations; 0: the cores that the machine or container grants, in equal shares among the models of the process",
    ),
  maxLength: count(3)
    .default(512)
    .describe("longest text in tokens, special tokens included; the rest is cut"),
});

/** Options of a training run. */
export const trainingOptions = modelOptions.extend({
  epochs: count(1).max(10_000).default(3).describe("passes over the training rows"),
  batchSize: count(1).max(65_536).default(32).describe("rows of one optimizer step"),
  gradientAccumulation: count(1)
    .max(65_536)
    .default(1)
    .describe("parts into which each batch is split: the same gradient with less memory"),
  learningRate: z.number().positive().max(10).default(2e-5).describe("peak learning rate of AdamW"),
  schedule: z.enum(["linear", "constant"]).default("linear").describe("learning rate after the warm-up"),
  warmup: share.default(0.1).describe("share of all steps over which the learning rate rises from 0"),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe("decay of AdamW; biases and LayerNorm are left out"),
  beta1: share.default(0.9).describe("AdamW: decay of the gradient's running mean"),
  beta2: share.default(0.999).describe("AdamW: decay of the squared gradient's running mean"),
  epsilon: z.number().positive().max(1).default(1e-8).describe("AdamW: added to the denominator"),
  maxGradientNorm: z
    .number()
    .min(0)
    .default(1)
    .describe("global gradient norm above which steps are scaled down; 0: never"),
  dropout: z.boolean().default(true).describe("draw the dropout that the model's config asks for"),
  validationSplit: share.default(0.1).describe("share of the rows held back for validation; 0: none"),
  bestMetric: z
    .enum(["microF1", "macroF1", "subsetAccuracy", "loss"])
    .default("microF1")
    .describe("validation figure that decides which epoch is kept"),
  patience: count(0).default(0).describe("stop after this many epochs without a better one; 0: never"),
  seed: count(0).default(42).describe("seed of split, shuffles, dropout and fresh weights"),
});

/**
 * Options of loading a model.
 *
 * @interface
 */
export type ModelOptions = z.input<typeof modelOptions>;
/**
 * Options of a training run.
 *
 * @interface
 */
export type TrainingOptions = z.input<typeof trainingOptions>;

/** {@link TrainingOptions} with every default filled in. */
export type ResolvedTrainingOptions = z.output<typeof trainingOptions>;

type Shape = Record<string, z.ZodType>;

/**
 * Applies defaults and checks every option.
 *
 * @throws TagformerError `INVALID_OPTION` that names the option, what was found and what was expected; a misspelt name
 * gets a suggestion.
 */
export function parseOptions<S extends Shape>(
  schema: z.ZodObject<S>,
  values: unknown,
): z.output<z.ZodObject<S>> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0]!;
    throw new TagformerError(
      "INVALID_OPTION",
      `unknown option "${name}"${didYouMean(name, Object.keys(schema.shape))}`,
    );
  }
  const name = issue.path[0];
  const found = name === undefined ? values : (values as Record<PropertyKey, unknown>)[name];
  const option = name === undefined ? "the options are" : `option ${String(name)} is`;
  throw new TagformerError("INVALID_OPTION", `${option} ${show(found)}: ${issue.message}`);
}

/** A value as a message shows it: cut, and on one line, whatever it is. */
function show(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 });
}
