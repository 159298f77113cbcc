// What trials are compared by.

/** How good a model is on the validation rows. */
export interface TrialFigures {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Mean average precision. */
  readonly averagePrecision: number;
}
