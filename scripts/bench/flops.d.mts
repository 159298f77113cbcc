export type Architecture = "bert" | "xlnet";

/** Sizes of an encoder. */
export interface EncoderShape {
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
}

/**
 * Floating-point operations of one pass over rows of these lengths in tokens: forward and backward for `train`, otherwise
 * forward.
 */
export function workloadFlops(
  model: { readonly type: Architecture; readonly shape: EncoderShape },
  lengths: readonly number[],
  work: "train" | "predict" | "start",
): number;
