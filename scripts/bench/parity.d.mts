/** What one side computes with dropout off. */
export interface Check {
  /** Of all rows. */
  readonly logits: readonly number[];
  /** Of the first batch. */
  readonly loss: number;
}

export interface Differences {
  /** Largest difference of a logit in fp32. */
  readonly logit: number;
  /** Difference of the loss in fp32. */
  readonly loss: number;
  /** Largest difference of a probability, our bf16 against the fp32 reference. */
  readonly probability: number;
  /** Cosine of all logits, our bf16 against the fp32 reference. */
  readonly cosine: number;
}

/** Compares our two precisions with the fp32 reference. */
export function compare(reference: Check, fp32: Check, bf16: Check): Differences;

/** A sentence for each difference that is too large, or not a number. */
export function violations(differences: Differences): string[];
