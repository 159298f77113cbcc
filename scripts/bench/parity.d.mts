/** What one side computes with dropout off. */
export interface Check {
  /** Of all checked rows. */
  readonly logits: readonly number[];
  /** Of a first training step, where it made one. */
  readonly loss?: number;
  readonly gradientNorm?: number;
}

export interface Differences {
  /** Largest difference of a logit. */
  readonly logit: number;
  /** Largest difference of a probability. */
  readonly probability: number;
  readonly loss?: number;
  /** Relative. */
  readonly gradientNorm?: number;
}

/** Compares with the reference in fp32. */
export function compare(reference: Check, found: Check): Differences;

/** A sentence for each difference that is too large for the precision, or not a number. */
export function violations(precision: "fp32" | "bf16" | "int8", differences: Differences): string[];
