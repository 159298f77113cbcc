/** Sizes of a BERT encoder. */
export interface EncoderShape {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
}

/**
 * Floating-point operations of one pass over rows of these lengths in tokens: forward for `predict`, forward and
 * backward for `train`.
 */
export function workloadFlops(
  shape: EncoderShape,
  lengths: readonly number[],
  work: "train" | "predict",
): number;
