// The only door to the native add-on, fully typed. Nothing else in the project sees what is behind it.
import type { LabelledBatch, RaggedBatch } from "./text/batch.js";

/** Number format of the engine's activations and matrix products. Master weights are always fp32. */
export type Precision = "fp32" | "bf16";

/** One tensor of a safetensors file: where its bytes lie. */
export interface TensorSource {
  readonly name: string;
  readonly file: string;
  /** safetensors name of the element type, such as `F32`, `BF16`, `I64`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte position of the first element in `file`, and of the end. */
  readonly begin: number;
  readonly end: number;
}

export interface NativeModelSpec {
  /** config.json as parsed; the architecture reads it and refuses what it does not know. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Number of labels of the classification head. */
  readonly labels: number;
  /** Weights; an empty list builds a fresh random model. */
  readonly tensors: readonly TensorSource[];
  /** Seed of every tensor that has to be initialised. */
  readonly seed: number;
  readonly precision: Precision;
  /** Threads of the model's matrix products. */
  readonly threads: number;
}

export interface NativeModelInfo {
  /** Number of parameters (elements). */
  readonly parameters: number;
  /** Names of tensors that were not in the files and were initialised. */
  readonly initialised: readonly string[];
  /** Names of tensors in the files that the architecture does not use. */
  readonly ignored: readonly string[];
  /** Longest row the model accepts, in tokens. */
  readonly maxLength: number;
  readonly vocabularySize: number;
  readonly labels: number;
}

export interface NativeTrainingOptions {
  readonly learningRate: number;
  readonly schedule: "linear" | "constant";
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Global norm above which gradients are scaled down; 0 turns clipping off. */
  readonly maxGradientNorm: number;
  /** Seed of dropout. */
  readonly seed: number;
  /** `false` trains with every dropout rate at 0, whatever the config says. */
  readonly dropout: boolean;
}

export interface NativeStep {
  /** 1-based number of this optimizer step. */
  readonly step: number;
  /** Mean loss over all labelled elements of the step's batches. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** `false` when loss or gradient norm was not finite: then no weight was changed. */
  readonly applied: boolean;
}
