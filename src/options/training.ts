// Options of a training run and of writing a split.
import { z } from "zod";
import { hierarchyOption } from "./evaluation.js";
import { modelOptions } from "./model.js";
import { count, share } from "./numbers.js";

/** How rows are split; of a training and of `tagformer split`. */
const splitShape = {
  splitMethod: z
    .enum(["combinations", "iterative"])
    .default("iterative")
    .describe(
      "what has the same share on both sides: every label (iterative, Sechidis et al. 2011), or every combination of labels; the latter never holds back a row whose combination occurs once, so that figures are too good",
    ),
  splitByText: z
    .boolean()
    .default(false)
    .describe("keep rows with the same text on one side; case, spaces and punctuation are ignored"),
};

const weight = z.number().positive().max(1e6);
const dropoutRate = z.number().min(0).max(0.99).optional();

/** Options of a training run. */
export const trainingOptions = modelOptions.extend({
  precision: z
    .enum(["fp32", "bf16"], "expected fp32 or bf16; int8 is for prediction")
    .default("fp32")
    .describe("number format of activations and matrix products; trained weights are always kept in fp32"),
  preset: z
    .enum(["auto", "plain", "seed"])
    .default("auto")
    .describe(
      "what the other options are where they are not given: found by short trials and from the data (auto), the usual values (plain), or those of the 2020 notebook (seed)",
    ),
  budget: z
    .number()
    .positive()
    .max(100_000)
    .optional()
    .describe(
      "minutes that the preset auto may take, its trials included (default: about twice what three epochs take, an hour at most)",
    ),
  budgetSteps: count(1)
    .optional()
    .describe("the same in optimizer steps, as an earlier run printed them: repeats its search exactly"),
  epochs: z
    .number()
    .positive()
    .max(10_000)
    .default(3)
    .describe("passes over the training rows; the last may be a part of one")
    .meta({ shownDefault: "decided by the preset auto, else 3" }),
  batchSize: count(1)
    .max(65_536)
    .default(32)
    .describe("rows per optimizer step")
    .meta({ shownDefault: "decided by the preset auto, else 32" }),
  gradientAccumulation: count(1)
    .max(65_536)
    .default(1)
    .describe("micro-batches per step: the same gradient with less memory"),
  learningRate: z
    .number()
    .positive()
    .max(10)
    .default(2e-5)
    .describe("peak learning rate of AdamW")
    .meta({ shownDefault: "found by the preset auto, else 2e-5" }),
  headRate: z
    .number()
    .positive()
    .max(1e4)
    .default(1)
    .describe("factor of the learning rate for the classification head"),
  headBias: z
    .enum(["prior", "zero"])
    .default("zero")
    .describe("bias of a fresh head at the start: the log-odds of the training rows' labels, or 0"),
  schedule: z
    .enum(["linear", "cosine", "constant"])
    .default("linear")
    .describe("learning rate after the warm-up"),
  warmup: share.default(0.1).describe("share of all steps over which the learning rate rises from 0"),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe("weight decay of AdamW; biases and LayerNorm are exempt"),
  beta1: share.default(0.9).describe("AdamW: decay rate of the gradient's running mean"),
  beta2: share.default(0.999).describe("AdamW: decay rate of the squared gradient's running mean"),
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
    .describe("global norm to which gradients are clipped; 0: no clipping"),
  ema: share
    .default(0)
    .describe(
      "share of all steps over which the weights are averaged exponentially; the averages are judged and saved; 0: none",
    ),
  loss: z
    .enum(["bce", "focal", "asymmetric"])
    .default("bce")
    .describe("binary cross-entropy, focal loss (Lin et al. 2017) or asymmetric loss (Ridnik et al. 2021)"),
  positiveWeight: z
    .union([z.enum(["none", "counts", "rootCounts"]), weight, z.record(z.string(), weight)])
    .default("none")
    .describe(
      "weight of positive labels: one number, name=number pairs, negatives per positive of the training rows (counts), or its square root (rootCounts)",
    ),
  focalGamma: z
    .number()
    .min(0)
    .max(20)
    .default(2)
    .describe("focal loss: how strongly easy examples are down-weighted"),
  focalAlpha: share
    .optional()
    .describe(
      "focal loss: weight of positive labels; negative ones have 1 - alpha (default: both count the same)",
    ),
  asymmetricPositiveGamma: z
    .number()
    .min(0)
    .max(20)
    .default(0)
    .describe("asymmetric loss: how strongly easy positive labels are down-weighted"),
  asymmetricNegativeGamma: z
    .number()
    .min(0)
    .max(20)
    .default(4)
    .describe("asymmetric loss: how strongly easy negative labels are down-weighted"),
  asymmetricMargin: share
    .default(0.05)
    .describe("asymmetric loss: probability below which negative labels are ignored"),
  labelSmoothing: share.default(0).describe("share of every label that is replaced by 1/2"),
  rDrop: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      "R-Drop (Liang et al. 2021): weight of the divergence between two drawings of dropout, which takes twice the time; 0: one drawing",
    ),
  fgm: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      "adversarial word embeddings (fast gradient method, Miyato et al. 2017): how far they are moved, in L2 norm, for a second backward pass, which takes twice the time; 0: none",
    ),
  layerDecay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe("factor by which the learning rate shrinks from each layer to the one below it"),
  freezeEmbeddings: z.boolean().default(false).describe("do not train the embeddings"),
  freezeLayers: count(0)
    .default(0)
    .describe("do not train this many of the lowest layers, nor the embeddings"),
  tokenTypes: z
    .enum(["tokenizer", "none"])
    .default("tokenizer")
    .describe(
      "token types (segments) to give the model: its tokenizer's, as the model directory says (model_input_names), or none; stored with the model",
    ),
  dropout: z.boolean().default(true).describe("apply the dropout of the model's config.json"),
  hiddenDropout: dropoutRate.describe("dropout of hidden states (default: that of the model's config.json)"),
  attentionDropout: dropoutRate.describe(
    "dropout of attention probabilities (default: that of the model's config.json)",
  ),
  headDropout: dropoutRate.describe(
    "dropout before the last layer (default: that of the model's config.json)",
  ),
  validationSplit: share
    .default(0.1)
    .describe(
      "share of the rows held back for validation, which chooses the epoch and the thresholds; 0: none",
    ),
  testSplit: share
    .default(0)
    .describe(
      "share of the rows held back to judge the finished model once; they choose neither epoch nor thresholds; 0: none",
    ),
  ...splitShape,
  splitFile: z
    .string()
    .min(1)
    .optional()
    .describe("table that says by row id which rows are held back, as a run or `tagformer split` writes it"),
  fold: count(1).optional().describe("fold of splitFile to validate on, from 1"),
  bestMetric: z
    .enum(["microF1", "macroF1", "subsetAccuracy", "averagePrecision", "microAveragePrecision", "loss"])
    .default("microF1")
    .describe("validation metric that decides which epoch is kept"),
  keep: z
    .enum(["best", "last-good", "last"])
    .default("best")
    .describe(
      "epoch to keep: the best by bestMetric; the last that is behind it by no more than the standard error (last-good), which chance decides less where validation rows are few; or the last",
    ),
  patience: count(0).default(0).describe("stop after this many epochs without improvement; 0: never"),
  hierarchy: hierarchyOption,
  thresholds: z
    .boolean()
    .default(true)
    .describe(
      "tune temperatures and thresholds on the validation rows at the end, and store them with the model",
    ),
  baseline: z
    .boolean()
    .default(true)
    .describe("also train a bag of words, and compare both models on the same rows"),
  report: z.boolean().default(true).describe("write report.html, with charts and tables about the run"),
  seed: count(0).default(42).describe("seed of the split, shuffling, dropout and new weights"),
});

/** Options of training a bag of words. */
export const baselineOptions = trainingOptions.pick({
  validationSplit: true,
  testSplit: true,
  splitMethod: true,
  splitByText: true,
  splitFile: true,
  fold: true,
  seed: true,
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

/**
 * Options of a training run.
 *
 * @interface
 */
export type TrainingOptions = z.input<typeof trainingOptions>;

/**
 * Options of training a bag of words.
 *
 * @interface
 */
export type BaselineOptions = z.input<typeof baselineOptions>;

/** {@link TrainingOptions} with every default filled in. */
export type ResolvedTrainingOptions = z.output<typeof trainingOptions>;
