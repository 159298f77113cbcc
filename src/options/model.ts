// Options of loading a model: each with its schema, default and description, which the command line and the API both read.
import { z } from "zod";
import { count } from "./numbers.js";

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
      "number format of activations and matrix products; int8: activations in bf16, matrix products in 8 bits",
    ),
  device: (device as z.ZodType<Device, Device>)
    .default("auto")
    .describe("where to compute: auto, cpu, cuda or cuda:N"),
  threads: count(0)
    .max(1024)
    .default(0)
    .describe(
      "threads for the model's operations; 0: all cores of the machine or container, shared equally among the models of the process",
    ),
  maxLength: count(3)
    .optional()
    .describe(
      "longest text in tokens, special tokens included; the rest is cut, or read in further windows (default: as in training, or 512, or 100 with the preset seed; never more than model and tokenizer allow)",
    ),
  windowStride: count(0)
    .default(0)
    .describe(
      "tokens from the start of one window to the start of the next, for texts longer than maxLength; 0: no windows",
    ),
  maxWindows: count(0)
    .max(1_000_000)
    .default(0)
    .describe("most windows of one text, the rest of which is cut; 0: no limit"),
  windowPooling: z
    .enum(["max", "mean"])
    .default("max")
    .describe("how the logits of a text's windows are combined, label by label"),
  tokenizer: z
    .string()
    .min(1, "expected a directory")
    .optional()
    .describe("directory of the tokenizer's files, if it is not the model's"),
  trust: z
    .boolean()
    .default(false)
    .describe("run a TorchScript model (.pt): it is a program, so do this only if you trust its source"),
});

const probability = z.number().min(0).max(1);

/** Options of a model that classifies. */
export const classifierOptions = modelOptions.extend({
  labels: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "names of the scores, in order: those that a TorchScript file does not have; of other models, the labels that they must have",
    ),
  threshold: z
    .union([probability, z.record(z.string(), probability)])
    .optional()
    .describe(
      "probability above which a label is given, instead of the model's own thresholds: one number for all labels, or name=number pairs",
    ),
  maxBatchTokens: count(1)
    .optional()
    .describe(
      "tokens of the texts that are computed together; a longer text is computed alone (default: 1024 on the CPU, 32768 on a GPU)",
    ),
});

/**
 * Options of loading a model.
 *
 * @interface
 */
export type ModelOptions = z.input<typeof modelOptions>;

/**
 * Options of a model that classifies; `Label` is the names of its labels, where a program knows them.
 *
 * @interface
 */
export type ClassifierOptions<Label extends string = string> = NamedLabels<Label> &
  Omit<z.input<typeof classifierOptions>, keyof NamedLabels<Label>>;

interface NamedLabels<Label extends string> {
  labels?: readonly Label[] | undefined;
  threshold?: number | Readonly<Partial<Record<NoInfer<Label>, number>>> | undefined;
}

/** How the logits of a text's windows become one, label by label. */
export type WindowPooling = ResolvedModelOptions["windowPooling"];

/** {@link ModelOptions} with every default filled in. */
export type ResolvedModelOptions = z.output<typeof modelOptions>;
