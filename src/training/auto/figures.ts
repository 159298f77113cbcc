// What trials are compared by.

/** How good a model is on the validation rows. */
export interface TrialFigures {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Micro-averaged average precision: of few rows the mean over labels is decided by the rarest, which is chance. */
  readonly averagePrecision: number;
}
