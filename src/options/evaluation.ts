// Options of judging a model: thresholds and temperatures, intervals, what a table holds.
import { z } from "zod";
import { parseHierarchy } from "../evaluation/hierarchy.js";
import { count } from "./numbers.js";

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

/** Labels below others, as text or as the upper label's name by the lower one's. */
export const hierarchyOption = z
  .union([z.string().transform(parseHierarchy), z.record(z.string(), z.string())])
  .optional()
  .describe(
    "labels below others, such as toxic > insult, toxic > threat: the lower one is given only together with the upper one",
  );

/** Options of tuning temperatures and thresholds. */
export const tuningOptions = z
  .strictObject({
    method: z
      .enum(["per-label", "global", "two-pass"])
      .default("per-label")
      .describe(
        "per-label, global: the best threshold for each label, or one for all, by an exact sweep; two-pass: one for all by micro-F1 among 0.1 to 0.9, then among that + 0.00 to 0.09",
      ),
    average: z
      .enum(["micro", "macro"])
      .default("micro")
      .describe("average of the F-measure over the labels to maximize; macro: each label by itself"),
    beta: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .describe("how many times as much recall counts as precision, in the F-measure"),
    targetPrecision: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe("maximize recall with at least this precision, instead of an F-measure"),
    targetRecall: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe("maximize precision with at least this recall, instead of an F-measure"),
    shrinkage: z
      .number()
      .min(0)
      .default(10)
      .describe(
        "number of positives at which a label's threshold and temperature are half-way between its own and the global one; rarer labels are pulled further; 0: no shrinkage",
      ),
    hierarchy: hierarchyOption,
    temperature: z
      .enum(["none", "global", "per-label"])
      .default("none")
      .describe("temperature scaling of the logits, fitted before the thresholds"),
    folds: count(0)
      .max(1000)
      .refine((folds) => folds !== 1, "expected 0, or at least 2")
      .default(5)
      .describe(
        "folds for the cross-fitted figures: each is judged with what was learned from the others; 0: none",
      ),
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

/** The longest text in tokens where neither `maxLength` nor model nor tokenizer say less, by preset. */
export const usualLengths = { auto: 512, plain: 512, seed: 100 } as const;

/** Options of inspecting a table. */
export const inspectionOptions = z.strictObject({
  maxLengths: z
    .array(count(1))
    .nonempty()
    .default([64, 100, 128, 256, 512])
    .describe("lengths in tokens at which to count the texts that would be cut"),
});

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
