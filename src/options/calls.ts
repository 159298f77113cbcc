// Options of single calls: what ends them, progress, exports and explanations.
import { z } from "zod";
import { count } from "./numbers.js";

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
export const inferenceOptions = z.strictObject({
  signal: signal.describe("ends the call, which then rejects with the signal's reason"),
  onProgress: callback<(rows: number) => void>().describe(
    "called after each batch with the number of texts finished so far; an estimate where texts have windows",
  ),
});

const windows = z
  .boolean()
  .optional()
  .describe(
    "texts that are longer than maxLength: true reads them whole, in windows, false cuts them (default: as the model was loaded)",
  );

/** Options of scoring texts. */
export const scoreOptions = inferenceOptions.extend({
  truncate: z
    .boolean()
    .default(true)
    .describe("cut texts that are longer than maxLength; false refuses them before anything is computed"),
  windows,
});

/**
 * Options of scoring texts.
 *
 * @interface
 */
export type ScoreOptions = z.input<typeof scoreOptions>;

/** Options of an export. */
export const exportOptions = z.strictObject({
  format: z
    .enum(["torchscript", "safetensors"])
    .default("torchscript")
    .describe(
      "torchscript: a module for torch.jit.load; safetensors: the weights, or the whole model directory if the output does not end in .safetensors",
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
    .describe("neutral token to compare with (default: the mask token, or padding)"),
  tolerance: z
    .number()
    .positive()
    .default(1e-3)
    .describe("largest acceptable error of the contributions' sum, in logits"),
  maxGradients: count(16)
    .max(1_000_000)
    .default(2048)
    .describe("gradients after which to stop even if the error is larger"),
  windows,
});

/**
 * Options of explaining a label; `Label` is the names of the model's, where a program knows them.
 *
 * @interface
 */
export type ExplanationOptions<Label extends string = string> = ExplainedLabel<Label> &
  Omit<z.input<typeof explanationOptions>, keyof ExplainedLabel<Label>>;

interface ExplainedLabel<Label extends string> {
  label?: Label | undefined;
}
