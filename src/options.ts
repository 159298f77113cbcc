// Every option once: its schema, default and documentation. The command line and the API both read this page.
import { z } from "zod";

export { parseOptions } from "./base/parse-options.js";

const count = (least: number) => z.int().min(least);
const share = z.number().min(0).lt(1);

/** Where a model computes: `auto` is the first GPU that works, otherwise the CPU. */
export type Device = "auto" | "cpu" | "cuda" | `cuda:${number}`;

const device: z.ZodType<string, string> = z
  .string()
  .regex(/^(auto|cpu|cuda(:\d+)?)$/, "expected auto, cpu, cuda or cuda:N");

/** Options of loading a model, for training and prediction alike. */
export const modelOptions = z.strictObject({
  precision: z
    .enum(["fp32", "bf16", "int8"])
    .default("fp32")
    .describe(
      "number format of activations and matrix products: fp32, bf16, or int8, which has bf16 activations and products of bytes",
    ),
  device: (device as z.ZodType<Device, Device>)
    .default("auto")
    .describe("where to compute: auto, cpu, cuda or cuda:N"),
  threads: count(0)
    .max(1024)
    .default(0)
    .describe(
      "threads of the model's operations; 0: the cores that the machine or container grants, in equal shares among the models of the process",
    ),
  maxLength: count(3)
    .optional()
    .describe(
      "longest text in tokens, special tokens included; the rest is cut, or goes into further windows (default: as the model was trained, or 512, 100 with the preset seed, and no more than model and tokenizer allow)",
    ),
  windowStride: count(0)
    .default(0)
    .describe(
      "tokens from the start of one window to the start of the next, for texts longer than maxLength; 0: they are cut",
    ),
  maxWindows: count(0)
    .max(1_000_000)
    .default(0)
    .describe("windows of a text that are read, the rest of it is cut; 0: all of them"),
  windowPooling: z
    .enum(["max", "mean"])
    .default("max")
    .describe("how the logits of a text's windows become one, label by label"),
  tokenizer: z
    .string()
    .min(1, "expected a directory")
    .optional()
    .describe("directory of the tokenizer's files, where they are not beside the model"),
  trust: z
    .boolean()
    .default(false)
    .describe("run a TorchScript model (.pt), which is a program, because you know where it comes from"),
});

/** How rows are split; of a training and of `tagformer split`. */
const splitShape = {
  splitMethod: z
    .enum(["combinations", "iterative"])
    .default("iterative")
    .describe(
      "what keeps its share on both sides: every label (iterative, Sechidis et al. 2011), or every combination of labels, which never holds back a row whose combination occurs once, so that figures are too good",
    ),
  splitByText: z
    .boolean()
    .default(false)
    .describe("keep rows with the same text on one side; case, blanks and punctuation do not count"),
};

const probability = z.number().min(0).max(1);
const weight = z.number().positive().max(1e6);

/** Options of a model that classifies. */
export const classifierOptions = modelOptions.extend({
  labels: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("names of the scores of a TorchScript file, in order; other models bring theirs"),
  threshold: z
    .union([probability, z.record(z.string(), probability)])
    .optional()
    .describe(
      "probability above which a label is given, instead of the model's own thresholds: one for all labels, or name=number pairs",
    ),
});

/** Options of a training run. */
export const trainingOptions = modelOptions.extend({
  precision: z
    .enum(["fp32", "bf16"], "expected fp32 or bf16; int8 is for prediction")
    .default("fp32")
    .describe("number format of activations and matrix products; trained weights are always kept in fp32"),
  preset: z
    .enum(["default", "seed"])
    .default("default")
    .describe("values of the options that are not given: recommended ones, or those of the 2020 notebook"),
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
  epsilonPlacement: z
    .enum(["corrected", "uncorrected"])
    .default("corrected")
    .describe(
      "AdamW: add epsilon after the bias correction, as PyTorch does, or before it, as transformers 2 did",
    ),
  maxGradientNorm: z
    .number()
    .min(0)
    .default(1)
    .describe("global gradient norm above which steps are scaled down; 0: never"),
  loss: z
    .enum(["bce", "focal", "asymmetric"])
    .default("bce")
    .describe("binary cross-entropy, focal loss (Lin et al. 2017) or asymmetric loss (Ridnik et al. 2021)"),
  positiveWeight: z
    .union([z.enum(["none", "counts", "rootCounts"]), weight, z.record(z.string(), weight)])
    .default("none")
    .describe(
      "weight of set labels: one number, name=number pairs, negatives per positive of the training rows (counts), or its root",
    ),
  focalGamma: z.number().min(0).max(20).default(2).describe("focal loss: how much easy elements count less"),
  focalAlpha: share
    .optional()
    .describe("focal loss: weight of set labels, with 1 - alpha for those not set (none unless given)"),
  asymmetricPositiveGamma: z
    .number()
    .min(0)
    .max(20)
    .default(0)
    .describe("asymmetric loss: how much easy set labels count less"),
  asymmetricNegativeGamma: z
    .number()
    .min(0)
    .max(20)
    .default(4)
    .describe("asymmetric loss: how much easy labels that are not set count less"),
  asymmetricMargin: share
    .default(0.05)
    .describe("asymmetric loss: probability below which labels that are not set count nothing"),
  labelSmoothing: share.default(0).describe("share of every label that is replaced by 1/2"),
  layerDecay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe("factor of the learning rate from each layer to the one below it"),
  freezeEmbeddings: z.boolean().default(false).describe("leave the embeddings as they are"),
  freezeLayers: count(0)
    .default(0)
    .describe("leave this many of the first layers, and the embeddings, as they are"),
  tokenTypes: z
    .enum(["tokenizer", "none"])
    .default("tokenizer")
    .describe(
      "token types (segments) that the model is given: its tokenizer's, as the model directory says (model_input_names), or none; the saved model says which",
    ),
  dropout: z.boolean().default(true).describe("draw the dropout that the model's config asks for"),
  validationSplit: share
    .default(0.1)
    .describe(
      "share of the rows held back for validation, by which epochs and thresholds are chosen; 0: none",
    ),
  testSplit: share
    .default(0)
    .describe(
      "share of the rows held back to judge the finished model once: no epoch and no threshold is chosen by them; 0: none",
    ),
  ...splitShape,
  splitFile: z
    .string()
    .min(1)
    .optional()
    .describe("table of row ids that says which rows are held back, as a run or `tagformer split` writes it"),
  fold: count(1).optional().describe("fold of splitFile to validate on, from 1"),
  bestMetric: z
    .enum(["microF1", "macroF1", "subsetAccuracy", "loss"])
    .default("microF1")
    .describe("validation figure that decides which epoch is kept"),
  keep: z
    .enum(["best", "last"])
    .default("best")
    .describe("epoch whose model is kept: the best by bestMetric, or the last"),
  patience: count(0).default(0).describe("stop after this many epochs without a better one; 0: never"),
  report: z.boolean().default(true).describe("draw report.html, with curves and tables about the run"),
  seed: count(0).default(42).describe("seed of split, shuffles, dropout and fresh weights"),
});

const isMicroF1 = (goal: {
  average: string;
  beta: number;
  targetPrecision?: unknown;
  targetRecall?: unknown;
}) =>
  goal.average === "micro" &&
  goal.beta === 1 &&
  goal.targetPrecision === undefined &&
  goal.targetRecall === undefined;

/** Options of tuning temperatures and thresholds. */
export const tuningOptions = z
  .strictObject({
    method: z
      .enum(["per-label", "global", "two-pass"])
      .default("per-label")
      .describe(
        "per-label or global: exact sweep for a threshold for each label or one for all; two-pass: one for all by micro-F1 among 0.1 to 0.9, then among that + 0.00 to 0.09",
      ),
    average: z
      .enum(["micro", "macro"])
      .default("micro")
      .describe("average of the F-measure over the labels that is made best; macro: each label's own"),
    beta: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .describe("how many times as much recall counts as precision in the F-measure"),
    targetPrecision: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe("the most recall with at least this precision, instead of an F-measure"),
    targetRecall: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe("the most precision with at least this recall, instead of an F-measure"),
    shrinkage: z
      .number()
      .min(0)
      .default(10)
      .describe(
        "positives with which a label's threshold and temperature lie half-way between its own and the global one; rarer labels are drawn further; 0: none is",
      ),
    temperature: z
      .enum(["none", "global", "per-label"])
      .default("none")
      .describe("temperature scaling of the logits before the thresholds"),
    folds: count(0)
      .max(1000)
      .refine((folds) => folds !== 1, "expected 0, or at least 2")
      .default(5)
      .describe("parts for the cross-fitted figures, each decided by what the others teach; 0: none"),
    seed: count(0).default(42).describe("seed of the folds"),
  })
  .refine((goal) => goal.targetPrecision === undefined || goal.targetRecall === undefined, {
    path: ["targetRecall"],
    error: "expected it alone, without targetPrecision",
  })
  .refine((goal) => goal.method !== "two-pass" || isMicroF1(goal), {
    path: ["method"],
    error: "it searches by micro-F1, without average, beta or targets",
  });

/** Options of confidence intervals and of the comparison of runs. */
export const resamplingOptions = z.strictObject({
  samples: count(100).max(1_000_000).default(1000).describe("samples drawn for intervals and p-values"),
  confidence: z.number().min(0.5).lt(1).default(0.95).describe("confidence of the intervals"),
  seed: count(0).default(42).describe("seed of the samples"),
});

/** Options of writing a split. */
export const splitOptions = trainingOptions
  .pick({
    validationSplit: true,
    testSplit: true,
    splitMethod: true,
    splitByText: true,
    seed: true,
  })
  .extend({
    folds: count(0).default(0).describe("number of folds, instead of one split; 0: one split"),
  });

/** The longest text in tokens where neither `maxLength` nor model nor tokenizer say less, by preset. */
export const usualLengths = { default: 512, seed: 100 } as const;

/** What a preset says instead of the options' own defaults. */
const presets: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  // "Transformers for Multi-Label Classification made simple" with transformers 2.10 (2020). It asked its AdamW for
  // `weight_decay_rate`, which that optimizer does not know: the decay was 0. Its epsilon was 1e-6, before the correction.
  seed: {
    // It called the model with `token_type_ids=None`, which XLNet tells from the types of its tokenizer.
    tokenTypes: "none",
    epochs: 3,
    batchSize: 32,
    learningRate: 2e-5,
    schedule: "constant",
    warmup: 0,
    weightDecay: 0,
    epsilon: 1e-6,
    epsilonPlacement: "uncorrected",
    maxGradientNorm: 0,
    validationSplit: 0.1,
    splitMethod: "combinations",
    keep: "last",
    seed: 2020,
  },
};

/**
 * Options of a training run with those of their preset filled in, for {@link parseOptions}: what was given stays.
 *
 * @param values anything; what is wrong with it is left to the schema
 */
export function withPreset<T extends { readonly preset?: unknown }>(values: T): T {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return { ...presets[String(values.preset)], ...Object.fromEntries(given) } as T;
}

/** Options of inspecting a table. */
export const inspectionOptions = z.strictObject({
  maxLengths: z
    .array(count(1))
    .nonempty()
    .default([64, 100, 128, 256, 512])
    .describe("lengths in tokens at which to count the texts that would be cut"),
});

/** What ends a call. */
export const signal = z
  .custom<AbortSignal>(
    (value) =>
      typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value,
    "expected an AbortSignal, such as AbortSignal.timeout(1000)",
  )
  .optional();

/** A function that a caller hands in. */
export const callback = <F extends (...parameters: never[]) => unknown>() =>
  z.custom<F>((value) => typeof value === "function", "expected a function").optional();

/** Options of any call. */
export const callOptions = z.strictObject({ signal });

/** Options of a call that computes many rows. */
export const inferenceOptions = callOptions.extend({ onProgress: callback<(rows: number) => void>() });

/** Options of an export. */
export const exportOptions = z.strictObject({
  format: z
    .enum(["torchscript", "safetensors"])
    .default("torchscript")
    .describe(
      "torchscript: a module that torch.jit.load reads; safetensors: the weights, or with an output that does not end in .safetensors the whole model directory",
    ),
});

/**
 * Options of an export.
 *
 * @interface
 */
export type ExportOptions = z.input<typeof exportOptions>;

/** Options of explaining a label. */
export const explanationOptions = z.strictObject({
  label: z.string().optional().describe("label to explain (default: the most probable one)"),
  baseline: z
    .string()
    .optional()
    .describe("token that stands for nothing, to compare with (default: the mask token, or padding)"),
  tolerance: z
    .number()
    .positive()
    .default(1e-3)
    .describe("largest difference of the contributions' sum from that of the logits"),
  maxGradients: count(16)
    .max(1_000_000)
    .default(2048)
    .describe("gradients after which to stop although the difference is larger"),
});

/**
 * Options of explaining a label.
 *
 * @interface
 */
export type ExplanationOptions = z.input<typeof explanationOptions>;

/**
 * Options of loading a model.
 *
 * @interface
 */
export type ModelOptions = z.input<typeof modelOptions>;
/**
 * Options of a model that classifies.
 *
 * @interface
 */
export type ClassifierOptions = z.input<typeof classifierOptions>;
/**
 * Options of a training run.
 *
 * @interface
 */
export type TrainingOptions = z.input<typeof trainingOptions>;
/** {@link TuningOptions} one by one. */
export type TuningSettings = z.input<typeof tuningOptions>;

/** Options of tuning temperatures and thresholds. There is one target at most: of precision or of recall. */
export type TuningOptions = TuningSettings &
  (
    | {
        /** The most recall with at least this precision, instead of an F-measure. */
        targetPrecision?: number | undefined;
        /** Not together with `targetPrecision`. */
        targetRecall?: undefined;
      }
    | {
        /** Not together with `targetRecall`. */
        targetPrecision?: undefined;
      }
  );

/**
 * Options of confidence intervals and of the comparison of runs.
 *
 * @interface
 */
export type ResamplingOptions = z.input<typeof resamplingOptions>;

/** {@link TuningOptions} with every default filled in. */
export type ResolvedTuningOptions = z.output<typeof tuningOptions>;

/** How the logits of a text's windows become one, label by label. */
export type WindowPooling = ResolvedModelOptions["windowPooling"];

/** {@link ModelOptions} with every default filled in. */
export type ResolvedModelOptions = z.output<typeof modelOptions>;
/** {@link TrainingOptions} with every default filled in. */
export type ResolvedTrainingOptions = z.output<typeof trainingOptions>;
